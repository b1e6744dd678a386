//! The files that hold secrets: who may read them, and whether git keeps them.

use super::looked;
use crate::checks::facts::{Facts, Unknown};
use crate::checks::rule::{Fix, Problem, Repair, Rule, Verdict};

pub(super) const RIGHTS: Rule = Rule {
    id: "ATLAS-ENV-006",
    title: "only you can read what holds secrets",
    why: "whoever has an account on this machine can read the passwords",
    manual: "Looked at are .env, .atlas/secrets with its files, and .atlas/backup.key. Secret files may be readable by containers \
             (0444), because nobody enters their folder (0700) on this machine.",
    see: &[],
    needs: &[],
    cheap: false,
    judge: are_private,
};

fn are_private(facts: &Facts) -> Result<Verdict, Unknown> {
    let looked = looked(facts)?;
    let open = looked.rights.iter().filter(|r| r.mode & !r.most != 0);
    let found = open.map(|rights| {
        let shown = rights.path.display();
        let mode = rights.mode & rights.most;
        let who = match rights.mode & !rights.most & 0o007 {
            0 => "its group",
            _ => "everyone",
        };
        let said = format!("its mode is {:04o}: {who} may use it", rights.mode);
        let fix = Fix::command("close it", format!("chmod {mode:o} {shown}"));
        let fix = fix.safe(Repair::Mode {
            path: rights.path.clone(),
            mode,
        });
        Problem::failure(said, fix).about(shown.to_string())
    });
    let count = looked.rights.len();
    Ok(Verdict::of(
        found.collect(),
        format!("{count} files and folders looked at"),
    ))
}

pub(super) const GIT: Rule = Rule {
    id: "ATLAS-ENV-007",
    title: "git does not keep .env",
    why: "what was committed once is in every clone for ever; a secret that was pushed counts as known",
    manual: "Asked of git itself, where the folder belongs to a repository. A file that is tracked stays tracked although \
             .gitignore names it: it has to be taken out of the index, and its secrets have to be changed.",
    see: &[
        "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/removing-sensitive-data-from-a-repository",
    ],
    needs: &[],
    cheap: false,
    judge: is_out_of_git,
};

fn is_out_of_git(facts: &Facts) -> Result<Verdict, Unknown> {
    let Some(git) = looked(facts)?.git else {
        return Ok(Verdict::Irrelevant);
    };
    if git.tracked {
        let text = "take it out of git, then change the secrets in it (`atlas env rotate`, `atlas env set`)";
        let fix = Fix::command(text, "git rm --cached --quiet .env");
        let problem = Problem::failure("git tracks .env", fix).about(".env");
        return Ok(Verdict::Bad(vec![problem]));
    }
    if !git.ignored {
        let command = r"printf '\n.env\n.atlas/\nbackups/\n' >> .gitignore";
        let fix = Fix::command("keep it out", command).safe(Repair::Ignore);
        let said = "no rule of git keeps .env out: `git add .` would add it";
        return Ok(Verdict::Bad(vec![
            Problem::failure(said, fix).about(".env"),
        ]));
    }
    Ok(Verdict::Good("git ignores .env".to_owned()))
}
