//! A Dockerfile, read as far as the checks need it (docs.docker.com/reference/dockerfile).

/// Instructions in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dockerfile {
    instructions: Vec<Instruction>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Instruction {
    line: usize,
    /// In capitals.
    name: String,
    /// What follows it, continued lines joined.
    rest: String,
}

impl Dockerfile {
    /// Reads one. Nothing is refused: that is the builder's part.
    pub fn parse(text: &str) -> Self {
        let mut instructions: Vec<Instruction> = Vec::new();
        let mut open = false;
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (words, continues) = match line.strip_suffix('\\') {
                Some(words) => (words.trim_end(), true),
                None => (line, false),
            };
            match instructions.last_mut().filter(|_| open) {
                Some(last) => {
                    last.rest.push(' ');
                    last.rest.push_str(words);
                }
                None => {
                    let (name, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
                    instructions.push(Instruction {
                        line: index + 1,
                        name: name.to_ascii_uppercase(),
                        rest: rest.trim().to_owned(),
                    });
                }
            }
            open = continues;
        }
        Self { instructions }
    }

    /// Sources of `COPY` and `ADD` that lie outside of the context, with their lines.
    pub(super) fn outside(&self) -> Vec<(usize, &str)> {
        let copies = self.instructions.iter().filter(|i| {
            let from = i
                .rest
                .split_whitespace()
                .any(|word| word.starts_with("--from"));
            matches!(i.name.as_str(), "COPY" | "ADD") && !from
        });
        copies
            .flat_map(|copy| {
                let mut words = words(&copy.rest);
                words.pop();
                words.into_iter().map(|word| (copy.line, word))
            })
            .filter(|(_, word)| !word.contains("://") && leaves(word))
            .collect()
    }

    /// What only BuildKit can do, with its line.
    pub(in super::super) fn buildkit(&self) -> Option<(usize, String)> {
        self.instructions.iter().find_map(|instruction| {
            let (name, rest) = (instruction.name.as_str(), &instruction.rest);
            let first = rest.split_whitespace().next().unwrap_or_default();
            let option = |known: &[&str]| {
                let mut options = rest.split_whitespace().take_while(|w| w.starts_with("--"));
                let found = options.find(|o| known.iter().any(|k| o.starts_with(k)));
                found.map(|o| format!("{name} {}", o.split('=').next().unwrap_or(o)))
            };
            let needs = match name {
                "RUN" if first.starts_with("<<") => Some("RUN <<".to_owned()),
                "RUN" => option(&["--mount", "--network", "--security"]),
                "COPY" | "ADD" if first.starts_with("<<") => Some(format!("{name} <<")),
                "COPY" | "ADD" => option(&["--link", "--chmod", "--parents", "--exclude"]),
                _ => None,
            };
            needs.map(|needs| (instruction.line, needs))
        })
    }

    /// The command of its last `HEALTHCHECK`, as words.
    pub(super) fn healthcheck(&self) -> Option<Vec<&str>> {
        let last = self
            .instructions
            .iter()
            .rfind(|i| i.name == "HEALTHCHECK")?;
        let (_, command) = last.rest.split_once("CMD")?;
        Some(words(command))
    }

    /// The image that the last stage begins with, through stages of its own.
    pub(super) fn base(&self) -> Option<String> {
        let stages = self
            .instructions
            .iter()
            .filter(|i| i.name == "FROM")
            .map(|from| {
                let mut words = from
                    .rest
                    .split_whitespace()
                    .filter(|w| !w.starts_with("--"));
                let image = words.next().unwrap_or_default();
                let is_as = words
                    .next()
                    .is_some_and(|word| word.eq_ignore_ascii_case("as"));
                (image, is_as.then(|| words.next()).flatten())
            });
        let stages: Vec<_> = stages.collect();
        let mut wanted = stages.last()?.0;
        while let Some((image, _)) = stages.iter().find(|(_, name)| *name == Some(wanted)) {
            if *image == wanted {
                break;
            }
            wanted = image;
        }
        Some(wanted.to_owned())
    }

    /// Whether an instruction of any stage that installs or copies names a program.
    pub(super) fn brings(&self, program: &str) -> bool {
        let installs = self
            .instructions
            .iter()
            .filter(|i| matches!(i.name.as_str(), "RUN" | "COPY" | "ADD"));
        installs.into_iter().any(|instruction| {
            instruction
                .rest
                .split(|c: char| !c.is_ascii_alphanumeric())
                .any(|word| word == program)
        })
    }
}

/// The words of shell or JSON form, options left out.
fn words(rest: &str) -> Vec<&str> {
    let json = rest.trim().starts_with('[');
    rest.split(|c: char| c.is_whitespace() || (json && "[],".contains(c)))
        .map(|word| word.trim_matches('"'))
        .filter(|word| !word.is_empty() && !word.starts_with("--"))
        .collect()
}

/// Whether a relative path leaves the folder it starts in.
fn leaves(path: &str) -> bool {
    let mut depth = 0_i32;
    path.trim_start_matches('/').split('/').any(|part| {
        depth += match part {
            "" | "." => 0,
            ".." => -1,
            _ => 1,
        };
        depth < 0
    })
}
