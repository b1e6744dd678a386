//! Objects as text with actions of Go's template language. Owns how an action gets into a place of an object and that nothing
//! else is taken for one; which places there are belongs to the others.

use serde_json::{Map, Value};

use crate::targets::kubernetes::yaml;

/// The actions of one object. In the object, `{{` and a number stand for each.
#[derive(Default)]
pub(super) struct Actions {
    all: Vec<Action>,
}

enum Action {
    /// In the place of a scalar.
    Scalar(String),
    /// Lines in the place of an entry, indented like it; `nindent +2` counts from there.
    Lines(String),
}

impl Actions {
    /// Makes an object's own text safe: what it has of Go's delimiters becomes words in an action.
    pub(super) fn of(object: &mut Value) -> Self {
        let mut actions = Self::default();
        actions.quote(object);
        actions
    }

    fn quote(&mut self, value: &mut Value) {
        match value {
            // One brace is found faster, and there are few.
            Value::String(text) if text.contains('{') && text.contains("{{") => {
                let words = Value::from(text.as_str()).to_string();
                *value = self.scalar(format!("{words} | toJson"));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.quote(item)),
            Value::Object(map) => map.values_mut().for_each(|item| self.quote(item)),
            _ => {}
        }
    }

    /// A scalar that is what a pipeline gives; it must give valid YAML.
    pub(super) fn scalar(&mut self, pipeline: impl Into<String>) -> Value {
        self.mark(Action::Scalar(pipeline.into())).into()
    }

    /// Lines after the last entry of a map.
    pub(super) fn append(&mut self, map: &mut Value, lines: &str) {
        let mark = self.lines(lines);
        map[mark] = Value::Null;
    }

    /// Lines in the place of an entry of a map, which stands there even if it was not.
    pub(super) fn replace(&mut self, map: &mut Value, key: &str, lines: &str) {
        let mark = self.lines(lines);
        let Some(entries) = map.as_object_mut() else {
            return;
        };
        if !entries.contains_key(key) {
            entries.insert(key.to_owned(), Value::Null);
        }
        let renamed = std::mem::take(entries).into_iter();
        *entries = renamed
            .map(|(name, value)| match name == key {
                true => (mark.clone(), Value::Null),
                false => (name, value),
            })
            .collect();
    }

    /// An entry of a map that is there under a condition only.
    pub(super) fn only_if(&mut self, map: &mut Value, key: &str, condition: &str) {
        let (start, end) = (self.lines(&start(condition)), self.lines(END));
        let Some(entries) = map.as_object_mut() else {
            return;
        };
        let mut marked = Map::new();
        for (name, value) in std::mem::take(entries) {
            let this = name == key;
            if this {
                marked.insert(start.clone(), Value::Null);
            }
            marked.insert(name, value);
            if this {
                marked.insert(end.clone(), Value::Null);
            }
        }
        *entries = marked;
    }

    /// Items of a list that are there under a condition only.
    pub(super) fn items_if(
        &mut self,
        list: &mut Value,
        condition: impl Fn(&Value) -> Option<String>,
    ) {
        let Some(items) = list.as_array_mut() else {
            return;
        };
        for item in std::mem::take(items) {
            match condition(&item) {
                Some(condition) => {
                    items.push(self.lines(&start(&condition)).into());
                    items.push(item);
                    items.push(self.lines(END).into());
                }
                None => items.push(item),
            }
        }
    }

    /// Lines after the last item of a list.
    pub(super) fn push(&mut self, list: &mut Value, lines: &str) {
        let mark = self.lines(lines);
        if let Some(items) = list.as_array_mut() {
            items.push(mark.into());
        }
    }

    /// An item at the end of a list, under a condition only.
    pub(super) fn push_if(&mut self, list: &mut Value, item: Value, condition: &str) {
        let (start, end) = (self.lines(&start(condition)), self.lines(END));
        if let Some(items) = list.as_array_mut() {
            items.extend([start.into(), item, end.into()]);
        }
    }

    fn lines(&mut self, lines: &str) -> String {
        self.mark(Action::Lines(lines.to_owned()))
    }

    fn mark(&mut self, action: Action) -> String {
        self.all.push(action);
        format!("{{{{{}}}}}", self.all.len() - 1)
    }

    /// Adds a document to a template.
    pub(super) fn write(&self, object: &Value, text: &mut String) {
        text.push_str("---\n");
        for line in yaml(object).lines() {
            match self.found(line) {
                Some((before, Action::Scalar(pipeline), after)) => {
                    text.extend([before, "{{ ", pipeline, " }}", after, "\n"]);
                }
                Some((before, Action::Lines(lines), _)) => {
                    let depth = before.len() - before.trim_start().len();
                    indent(lines, &before[..depth], text);
                }
                None => text.extend([line, "\n"]),
            }
        }
    }

    /// What stands before and after the mark of a line, quotes left out.
    fn found<'l>(&self, line: &'l str) -> Option<(&'l str, &Action, &'l str)> {
        line.find('{')?;
        let (before, rest) = line.split_once("{{")?;
        let (number, after) = rest.split_once("}}")?;
        let action = self.all.get(number.parse::<usize>().ok()?)?;
        let quotes = ['"', '\''];
        Some((
            before.strip_suffix(quotes).unwrap_or(before),
            action,
            after.strip_prefix(quotes).unwrap_or(after),
        ))
    }
}

/// The end of what `if` and `with` begin.
pub(super) const END: &str = "{{- end }}";

/// The beginning of what is there under a condition.
pub(super) fn start(condition: &str) -> String {
    format!("{{{{- if {condition} }}}}")
}

/// Adds lines behind a margin, from which `nindent +2` counts.
fn indent(lines: &str, margin: &str, text: &mut String) {
    for line in lines.lines() {
        text.push_str(margin);
        match line.split_once("nindent +") {
            Some((before, rest)) => {
                let (more, after) = rest.split_at(1);
                let depth = margin.len() + more.parse::<usize>().unwrap_or_default();
                text.extend([before, "nindent ", &depth.to_string(), after]);
            }
            None => text.push_str(line),
        }
        text.push('\n');
    }
}
