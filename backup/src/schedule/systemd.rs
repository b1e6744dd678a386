//! Units of systemd: a service that runs the job once, and a timer that starts it, also after a time when the machine was off.

use std::collections::BTreeSet;

use super::{Cron, Job};

/// `atlas-backup-<name>` or `atlas-backup-<name>-check`, without an ending. `name` is the project's with its folder's digest.
pub fn unit(name: &str, job: &Job) -> String {
    match job.name {
        "create" => format!("atlas-backup-{name}"),
        other => format!("atlas-backup-{name}-{other}"),
    }
}

/// The text of `<unit>.service`.
pub fn service(project: &str, job: &Job) -> String {
    let words: Vec<String> = job.command.iter().map(|word| quoted(word)).collect();
    format!(
        "[Unit]\nDescription=atlas backup {} of {project}\nWants=network-online.target\nAfter=network-online.target docker.service\n\n\
         [Service]\nType=oneshot\nExecStart={}\nNice=10\nIOSchedulingClass=idle\n",
        job.name,
        words.join(" ")
    )
}

/// The text of `<unit>.timer`.
pub fn timer(project: &str, job: &Job) -> String {
    let calendars: String = calendars(&job.when)
        .iter()
        .map(|calendar| format!("OnCalendar={calendar}\n"))
        .collect();
    format!(
        "# {}\n[Unit]\nDescription=atlas backup {} of {project}\n\n[Timer]\n{calendars}Persistent=true\n\n[Install]\nWantedBy=timers.target\n",
        job.when, job.name
    )
}

/// The five fields that a timer's text was made of.
pub fn when(timer: &str) -> Option<Cron> {
    timer.lines().next()?.strip_prefix("# ")?.parse().ok()
}

/// `Mon,Tue *-11-01,15 03:15:00`; two of them where cron would take either day.
fn calendars(when: &Cron) -> Vec<String> {
    let list = |set: &BTreeSet<i8>| -> String {
        let numbers: Vec<String> = set.iter().map(|n| format!("{n:02}")).collect();
        numbers.join(",")
    };
    let starred = |set: &Option<BTreeSet<i8>>| set.as_ref().map_or("*".to_owned(), list);
    let names = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    let weekdays = when.weekdays.as_ref().map(|days| {
        let names: Vec<&str> = days
            .iter()
            .filter_map(|day| names.get(usize::try_from(*day).ok()?).copied())
            .collect();
        names.join(",")
    });
    let months = starred(&when.months);
    let hours = match when.hours.len() {
        24 => "*".to_owned(),
        _ => list(&when.hours),
    };
    let time = format!("{hours}:{}:00", list(&when.minutes));
    let dated = |days: &str| format!("*-{months}-{days} {time}");
    match (&when.days, weekdays) {
        (Some(days), Some(weekdays)) => {
            vec![dated(&list(days)), format!("{weekdays} {}", dated("*"))]
        }
        (days, Some(weekdays)) => vec![format!("{weekdays} {}", dated(&starred(days)))],
        (days, None) => vec![dated(&starred(days))],
    }
}

/// systemd reads `%` and `$` of its own, and quotes like C.
fn quoted(word: &str) -> String {
    let word = word.replace('%', "%%").replace('$', "$$");
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%$".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word,
        false => format!("\"{}\"", word.replace('"', "\\\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(when: &str) -> Job {
        Job {
            name: "create",
            command: ["/opt/a b/atlas", "-C", "/srv/50% \"x\" $HOME", "backup"]
                .map(str::to_owned)
                .into(),
            when: when.parse().unwrap(),
        }
    }

    #[test]
    fn a_service_and_a_timer() {
        let job = job("15 3 * * *");
        assert_eq!(unit("demo-1a2b3c4d", &job), "atlas-backup-demo-1a2b3c4d");
        assert_eq!(
            service("demo", &job),
            "[Unit]\n\
             Description=atlas backup create of demo\n\
             Wants=network-online.target\n\
             After=network-online.target docker.service\n\
             \n\
             [Service]\n\
             Type=oneshot\n\
             ExecStart=\"/opt/a b/atlas\" -C \"/srv/50%% \\\"x\\\" $$HOME\" backup\n\
             Nice=10\n\
             IOSchedulingClass=idle\n"
        );
        let timer = timer("demo", &job);
        assert_eq!(
            timer,
            "# 15 3 * * *\n\
             [Unit]\n\
             Description=atlas backup create of demo\n\
             \n\
             [Timer]\n\
             OnCalendar=*-*-* 03:15:00\n\
             Persistent=true\n\
             \n\
             [Install]\n\
             WantedBy=timers.target\n"
        );
        assert_eq!(when(&timer), Some(job.when));
    }

    #[test]
    fn fields_of_cron_are_calendars_of_systemd() {
        let of = |fields: &str| calendars(&fields.parse().unwrap());
        assert_eq!(of("0 */6 * * *"), ["*-*-* 00,06,12,18:00:00"]);
        assert_eq!(of("*/30 * * * *"), ["*-*-* *:00,30:00"]);
        assert_eq!(of("0 4 * * 1-3"), ["Mon,Tue,Wed *-*-* 04:00:00"]);
        assert_eq!(of("0 4 1 jan,jul *"), ["*-01,07-01 04:00:00"]);
        assert_eq!(
            of("0 4 1,15 * 0"),
            ["*-*-01,15 04:00:00", "Sun *-*-* 04:00:00"]
        );
    }
}
