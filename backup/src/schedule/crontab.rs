//! The lines of a crontab that are ours, between two marks. Every other line stays byte for byte.

use super::{Job, shell};

/// The line before ours. `owner` is the project directory.
fn begin(owner: &str) -> String {
    format!("# atlas backup of {owner}: begin")
}

fn end(owner: &str) -> String {
    format!("# atlas backup of {owner}: end")
}

/// The crontab with the jobs of an owner in the place of those before, or at its end.
pub fn with(crontab: &str, owner: &str, jobs: &[Job], log: &str) -> String {
    let mut ours = begin(owner) + "\n";
    for job in jobs {
        ours += &format!("{} {}\n", job.when, command(job, log));
    }
    ours += &(end(owner) + "\n");
    let (before, _, after) = cut(crontab, owner);
    let gap = match before.is_empty() || before.ends_with('\n') {
        true => "",
        false => "\n",
    };
    format!("{before}{gap}{ours}{after}")
}

/// The crontab without the jobs of an owner.
pub fn without(crontab: &str, owner: &str) -> String {
    let (before, _, after) = cut(crontab, owner);
    format!("{before}{after}")
}

/// The lines of an owner, if there are any.
pub fn ours<'t>(crontab: &'t str, owner: &str) -> Vec<&'t str> {
    let (_, ours, _) = cut(crontab, owner);
    let marks = [begin(owner), end(owner)];
    let lines = ours.lines();
    lines
        .filter(|line| !marks.contains(&(*line).to_owned()))
        .collect()
}

/// What stands before, within and after our marks. Without a second mark nothing is ours: somebody edited it away, and where
/// ours ends is not known.
fn cut<'t>(crontab: &'t str, owner: &str) -> (&'t str, &'t str, &'t str) {
    let none = (crontab, "", "");
    let line_at = |from: usize, mark: &str| -> Option<(usize, usize)> {
        let mut start = from;
        for line in crontab.get(from..)?.split_inclusive('\n') {
            if line.trim_end_matches('\n') == mark {
                return Some((start, start + line.len()));
            }
            start += line.len();
        }
        None
    };
    let Some((start, inside)) = line_at(0, &begin(owner)) else {
        return none;
    };
    let Some((_, stop)) = line_at(inside, &end(owner)) else {
        return none;
    };
    (&crontab[..start], &crontab[start..stop], &crontab[stop..])
}

/// For cron, an unquoted `%` is a line's end, even inside the shell's quotes.
fn command(job: &Job, log: &str) -> String {
    let words: Vec<String> = job.command.iter().map(|word| shell(word)).collect();
    let line = format!("{} >>{} 2>&1", words.join(" "), shell(log));
    line.replace('%', "\\%")
}

#[cfg(test)]
mod tests {
    use super::super::Cron;
    use super::*;

    fn job(when: &str, words: &[&str]) -> Job {
        Job {
            name: "create",
            command: words.iter().map(|word| (*word).to_owned()).collect(),
            when: when.parse::<Cron>().unwrap(),
        }
    }

    const FOREIGN: &str = "# mine\nMAILTO=\"\"\n*/5 * * * * /usr/bin/true\t \n\n@reboot x";

    #[test]
    fn foreign_lines_stay_byte_for_byte() {
        let words = ["/usr/bin/atlas", "-C", "/srv/my demo", "backup", "create"];
        let first = with(FOREIGN, "/srv/my demo", &[job("15 3 * * *", &words)], "/l");
        assert_eq!(
            first,
            format!(
                "{FOREIGN}\n# atlas backup of /srv/my demo: begin\n\
                 15 3 * * * /usr/bin/atlas -C '/srv/my demo' backup create >>/l 2>&1\n\
                 # atlas backup of /srv/my demo: end\n"
            )
        );
        // Set again, it is the same; set anew, ours changes in its place.
        let again = with(&first, "/srv/my demo", &[job("15 3 * * *", &words)], "/l");
        assert_eq!(again, first);
        let more = format!("{first}1 1 * * * later\n");
        let changed = with(&more, "/srv/my demo", &[job("0 4 * * *", &["/a"])], "/l");
        let lines = ours(&changed, "/srv/my demo");
        assert_eq!(lines, ["0 4 * * * /a >>/l 2>&1"]);
        assert!(changed.ends_with(": end\n1 1 * * * later\n"));
        assert_eq!(
            without(&more, "/srv/my demo"),
            format!("{FOREIGN}\n1 1 * * * later\n")
        );
        assert_eq!(without(FOREIGN, "/srv/my demo"), FOREIGN);
    }

    #[test]
    fn owners_do_not_take_each_other_s_lines() {
        let one = with("", "/srv/demo", &[job("1 1 * * *", &["/a"])], "/l");
        let both = with(&one, "/srv/demo2", &[job("2 2 * * *", &["/b"])], "/l");
        assert_eq!(ours(&both, "/srv/demo"), ["1 1 * * * /a >>/l 2>&1"]);
        assert_eq!(ours(&both, "/srv/demo2"), ["2 2 * * * /b >>/l 2>&1"]);
        assert_eq!(without(&both, "/srv/demo2"), one);
    }

    #[test]
    fn what_shell_and_cron_would_read_otherwise_is_quoted() {
        let words = ["/opt/a b/atlas", "-C", "/srv/100% it's $HOME"];
        let text = with("", "/x", &[job("1 1 * * *", &words)], "/srv/50%/log");
        let expected =
            r"1 1 * * * '/opt/a b/atlas' -C '/srv/100\% it'\''s $HOME' >>'/srv/50\%/log' 2>&1";
        assert_eq!(ours(&text, "/x"), [expected]);
    }

    #[test]
    fn without_its_second_mark_nothing_is_ours() {
        let torn = "# atlas backup of /x: begin\n1 1 * * * foreign\n";
        assert_eq!(without(torn, "/x"), torn);
        assert!(ours(torn, "/x").is_empty());
    }
}
