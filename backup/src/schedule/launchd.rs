//! An agent of launchd: one property list for each job.

use std::collections::BTreeSet;

use super::{Cron, Job};

/// So many intervals are written; a schedule with more is for another kind.
const MOST: usize = 500;

/// `ai.atlas.backup.<name>` or `ai.atlas.backup.<name>.check`.
pub fn label(name: &str, job: &Job) -> String {
    match job.name {
        "create" => format!("ai.atlas.backup.{name}"),
        other => format!("ai.atlas.backup.{name}.{other}"),
    }
}

/// The text of `<label>.plist`.
///
/// # Errors
/// In words, when the times are too many to be listed.
pub fn plist(label: &str, job: &Job, log: &str) -> Result<String, String> {
    let words: String = job
        .command
        .iter()
        .map(|word| format!("    <string>{}</string>\n", escaped(word)))
        .collect();
    let log = escaped(log);
    Ok(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <!-- {} -->\n\
         <plist version=\"1.0\">\n<dict>\n\
         \x20 <key>Label</key>\n  <string>{}</string>\n\
         \x20 <key>ProgramArguments</key>\n  <array>\n{words}  </array>\n\
         \x20 <key>StartCalendarInterval</key>\n  <array>\n{}  </array>\n\
         \x20 <key>StandardOutPath</key>\n  <string>{log}</string>\n\
         \x20 <key>StandardErrorPath</key>\n  <string>{log}</string>\n\
         </dict>\n</plist>\n",
        job.when,
        escaped(label),
        intervals(&job.when)?
    ))
}

/// The five fields that a property list was made of.
pub fn when(plist: &str) -> Option<Cron> {
    let line = plist.lines().nth(2)?;
    let fields = line.strip_prefix("<!-- ")?.strip_suffix(" -->")?;
    fields.parse().ok()
}

/// Every combination; launchd takes no lists. With both days given either will do, as in cron.
fn intervals(when: &Cron) -> Result<String, String> {
    let all = |set: &BTreeSet<i8>| set.iter().copied().map(Some).collect::<Vec<_>>();
    let some = |set: &Option<BTreeSet<i8>>| set.as_ref().map_or(vec![None], all);
    let hours = match when.hours.len() {
        24 => vec![None],
        _ => all(&when.hours),
    };
    let days: Vec<(Option<i8>, Option<i8>)> = match (&when.days, &when.weekdays) {
        (Some(days), Some(weekdays)) => {
            let days = days.iter().map(|day| (Some(*day), None));
            days.chain(weekdays.iter().map(|day| (None, Some(*day))))
                .collect()
        }
        (days, None) => some(days).into_iter().map(|day| (day, None)).collect(),
        (None, weekdays) => some(weekdays).into_iter().map(|day| (None, day)).collect(),
    };
    let mut text = String::new();
    let mut count = 0;
    for month in some(&when.months) {
        for (day, weekday) in &days {
            for hour in &hours {
                for minute in all(&when.minutes) {
                    count += 1;
                    text += &interval(&[
                        ("Month", month),
                        ("Day", *day),
                        ("Weekday", *weekday),
                        ("Hour", *hour),
                        ("Minute", minute),
                    ]);
                }
            }
        }
    }
    match count > MOST {
        true => Err(format!("launchd would need {count} times for `{when}`")),
        false => Ok(text),
    }
}

fn interval(keys: &[(&str, Option<i8>)]) -> String {
    let keys: String = keys
        .iter()
        .filter_map(|(key, value)| {
            value.map(|value| format!("<key>{key}</key><integer>{value}</integer>"))
        })
        .collect();
    format!("    <dict>{keys}</dict>\n")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_list_names_program_times_and_log() {
        let job = Job {
            name: "create",
            command: ["/opt/atlas", "-C", "/srv/a & b"].map(str::to_owned).into(),
            when: "15 3 * * 1,2".parse().unwrap(),
        };
        let label = label("demo", &job);
        let text = plist(&label, &job, "/srv/log").unwrap();
        assert!(text.contains("  <key>Label</key>\n  <string>ai.atlas.backup.demo</string>\n"));
        assert!(text.contains("    <string>/srv/a &amp; b</string>\n"));
        let day = |n: u8| {
            format!(
                "    <dict><key>Weekday</key><integer>{n}</integer><key>Hour</key><integer>3</integer>\
                 <key>Minute</key><integer>15</integer></dict>\n"
            )
        };
        assert!(text.contains(&(day(1) + &day(2))), "{text}");
        assert_eq!(when(&text), Some(job.when));
    }

    #[test]
    fn times_that_are_too_many_are_refused() {
        let job = Job {
            name: "create",
            command: Vec::new(),
            when: "* 1-20 1 * *".parse().unwrap(),
        };
        let error = plist("x", &job, "/l").unwrap_err();
        assert_eq!(error, "launchd would need 1200 times for `* 1-20 1 * *`");
    }
}
