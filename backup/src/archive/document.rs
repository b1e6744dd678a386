//! Walks one BSON document completely: lengths, types, ends. Builds nothing, and does not look at what values mean.
//!
//! Whether texts are UTF-8 is not asked: servers of old stored what drivers sent, and a backup of it is no damaged backup.

/// How deep the server lets documents nest at most (`maxBSONDepth` can be raised to it).
const DEEPEST: usize = 250;

/// Whether `bytes` are exactly one valid document.
///
/// # Errors
/// What is wrong and at which byte of the document.
pub fn walk(bytes: &[u8]) -> Result<(), String> {
    let mut walk = Walk { bytes, at: 0 };
    walk.document(bytes.len(), 0)
        .map_err(|wrong| format!("{wrong} at its byte {}", walk.at))
}

struct Walk<'d> {
    bytes: &'d [u8],
    at: usize,
}

type Step = Result<(), &'static str>;

impl Walk<'_> {
    /// A document that ends at `end` at the latest.
    fn document(&mut self, limit: usize, depth: usize) -> Step {
        if depth > DEEPEST {
            return Err("nested too deep");
        }
        let begin = self.at;
        let length = self.length(limit)?;
        let end = begin + length;
        if length < 5 || end > limit || (depth == 0 && end != limit) {
            return Err("wrong length of a document");
        }
        loop {
            let kind = *self.bytes.get(self.at).ok_or("a document without an end")?;
            self.at += 1;
            if kind == 0 {
                break;
            }
            self.cstring(end)?;
            self.value(kind, end, depth)?;
        }
        if self.at == end {
            Ok(())
        } else {
            Err("wrong end of a document")
        }
    }

    fn value(&mut self, kind: u8, end: usize, depth: usize) -> Step {
        match kind {
            // Double, date, timestamp, 64-bit integer.
            0x01 | 0x09 | 0x11 | 0x12 => self.skip(8, end),
            // Text, code, symbol.
            0x02 | 0x0d | 0x0e => self.string(end),
            // Document, array.
            0x03 | 0x04 => self.document(end, depth + 1),
            0x05 => {
                let length = self.length(end)?;
                self.skip(1, end)?;
                self.skip(length, end)
            }
            // Undefined, null, the smallest and the greatest key.
            0x06 | 0x0a | 0xff | 0x7f => Ok(()),
            0x07 => self.skip(12, end),
            0x08 => {
                self.skip(1, end)?;
                match self.bytes[self.at - 1] {
                    0 | 1 => Ok(()),
                    _ => Err("a boolean that is neither"),
                }
            }
            // Regular expression: pattern and options.
            0x0b => {
                self.cstring(end)?;
                self.cstring(end)
            }
            // DBPointer: a text and an identifier.
            0x0c => {
                self.string(end)?;
                self.skip(12, end)
            }
            0x0f => self.code_with_scope(end, depth),
            0x10 => self.skip(4, end),
            0x13 => self.skip(16, end),
            _ => Err("unknown type of a value"),
        }
    }

    fn code_with_scope(&mut self, end: usize, depth: usize) -> Step {
        let begin = self.at;
        let length = self.length(end)?;
        let limit = begin + length;
        if limit > end {
            return Err("wrong length of code with scope");
        }
        self.string(limit)?;
        self.document(limit, depth + 1)?;
        if self.at == limit {
            Ok(())
        } else {
            Err("wrong length of code with scope")
        }
    }

    fn string(&mut self, end: usize) -> Step {
        let length = self.length(end)?;
        if length == 0 {
            return Err("wrong length of a text");
        }
        self.skip(length, end)?;
        match self.bytes[self.at - 1] {
            0 => Ok(()),
            _ => Err("a text without an end"),
        }
    }

    fn cstring(&mut self, end: usize) -> Step {
        let rest = self.bytes.get(self.at..end).ok_or("cut short")?;
        match rest.iter().position(|byte| *byte == 0) {
            Some(length) => {
                self.at += length + 1;
                Ok(())
            }
            None => Err("a name without an end"),
        }
    }

    fn length(&mut self, end: usize) -> Result<usize, &'static str> {
        let bytes = self.bytes.get(self.at..end).ok_or("cut short")?;
        let bytes = bytes.first_chunk::<4>().ok_or("cut short")?;
        self.at += 4;
        usize::try_from(i32::from_le_bytes(*bytes)).map_err(|_| "a negative length")
    }

    fn skip(&mut self, count: usize, end: usize) -> Step {
        if count > end - self.at {
            return Err("cut short");
        }
        self.at += count;
        Ok(())
    }
}
