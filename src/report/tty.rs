//! Live lines on a terminal, one for each service, image, network and volume that is touched. The only owner of indicatif.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{Style, bytes, doing, done, seconds, transfer};
use crate::event::{Event, Report};

/// The terminal reporter.
pub struct Tty {
    style: Style,
    lines: MultiProgress,
    bars: RefCell<BTreeMap<String, ProgressBar>>,
}

impl Tty {
    /// A reporter that draws on stderr.
    pub fn new(style: Style) -> Self {
        Self {
            style,
            lines: MultiProgress::new(),
            bars: RefCell::new(BTreeMap::new()),
        }
    }

    /// The line of a thing; it appears when the thing is first touched.
    fn bar(&self, name: &str) -> ProgressBar {
        let mut bars = self.bars.borrow_mut();
        let bar = bars.entry(name.to_owned()).or_insert_with(|| {
            let bar = self.lines.add(ProgressBar::new_spinner());
            let template = ProgressStyle::with_template(" {spinner} {prefix} {wide_msg}")
                .expect("the template is constant and valid")
                .tick_strings(&["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏", " "]);
            bar.set_style(template);
            bar.set_prefix(format!("{name:<28}"));
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        bar.clone()
    }

    /// The line of what is on its way, with a bar where its end is known.
    fn transfer(&self, verb: &'static str, total: Option<u64>) -> ProgressBar {
        let mut bars = self.bars.borrow_mut();
        let bar = bars.entry(verb.to_owned()).or_insert_with(|| {
            let template = match total {
                Some(_) => " {prefix} {wide_bar} {msg}",
                None => " {prefix} {msg}",
            };
            let template = ProgressStyle::with_template(template)
                .expect("the template is constant and valid")
                .progress_chars("━╸─");
            let bar = self.lines.add(ProgressBar::new(total.unwrap_or_default()));
            bar.set_style(template);
            bar.set_prefix(transfer::doing(verb));
            bar
        });
        // An estimate may turn out too small; the bar must not run over.
        bar.set_length(total.unwrap_or_default());
        bar.clone()
    }

    fn finish(&self, name: &str, message: String) {
        let bar = self.bar(name);
        let plain = ProgressStyle::with_template(" {prefix} {wide_msg}")
            .expect("the template is constant and valid");
        bar.set_style(plain);
        bar.finish_with_message(message);
    }

    fn say(&self, text: &str) {
        // Where the line cannot be drawn there is nobody to read it.
        let _ = self.lines.println(text);
    }
}

/// Containers share the line of their service; everything else has its own.
fn line_name(kind: &str, subject: &str, service: Option<&String>) -> String {
    match service {
        Some(service) => service.clone(),
        None => format!("{kind} {subject}"),
    }
}

impl Report for Tty {
    fn report(&self, event: Event) {
        match event {
            Event::CheckedOut { changes, .. } => {
                if changes > 0 {
                    let text = format!(
                        "checks passed, the engine is untouched so far; {changes} steps to do"
                    );
                    self.say(&self.style.faint(&text));
                }
            }
            Event::Started {
                verb,
                kind,
                subject,
                service,
            } => {
                let name = line_name(kind, &subject, service.as_ref());
                self.bar(&name).set_message(doing(verb));
            }
            Event::Finished {
                verb,
                kind,
                subject,
                service,
                took,
            } => {
                let name = line_name(kind, &subject, service.as_ref());
                let ends = service.is_none() || matches!(verb, "await" | "remove");
                if ends {
                    let word = self.style.good(&format!("✔ {}", done(verb)));
                    let time = self.style.faint(&seconds(took));
                    self.finish(&name, format!("{word}  {time}"));
                } else {
                    self.bar(&name).set_message(done(verb));
                }
            }
            Event::Failed {
                verb,
                kind,
                subject,
                service,
            } => {
                let name = line_name(kind, &subject, service.as_ref());
                self.finish(&name, self.style.bad(&format!("✘ {verb} failed")));
            }
            Event::Progress {
                subject,
                text,
                current,
                total,
            } => {
                let detail = match (current, total) {
                    (Some(current), Some(total)) if total > 0 => {
                        format!("{text} {} of {}", bytes(current), bytes(total))
                    }
                    _ => text,
                };
                self.bar(&format!("image {subject}")).set_message(detail);
            }
            Event::Waiting {
                service,
                answer,
                waited,
            } => {
                let text = format!("waiting for {} now: {answer}", seconds(waited));
                self.bar(&service).set_message(text);
            }
            Event::Transfer {
                verb,
                bytes,
                total,
                documents,
                rate,
                left,
            } => {
                let bar = self.transfer(verb, total);
                bar.set_position(bytes);
                bar.set_message(transfer::now(bytes, total, documents, rate, left));
            }
            Event::Transferred {
                verb,
                bytes,
                documents,
                took,
            } => {
                if let Some(bar) = self.bars.borrow_mut().remove(verb) {
                    bar.finish_and_clear();
                }
                let mark = self.style.good("✔");
                let text = transfer::done(verb, bytes, documents, took);
                self.say(&format!(" {mark} {text}"));
            }
            Event::Part { .. } => {}
            Event::Warning { text } => self.say(&format!("{} {text}", self.style.warn("warning:"))),
            Event::File { path, outcome } => self.say(&format!(" {path:<28} {outcome}")),
        }
    }
}

impl Drop for Tty {
    /// What is under way when an error ends the run keeps its last words, without a spinner.
    fn drop(&mut self) {
        for bar in self.bars.borrow().values() {
            if !bar.is_finished() {
                bar.abandon();
            }
        }
    }
}
