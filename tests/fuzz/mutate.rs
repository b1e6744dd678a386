//! Changes that people, editors and bad luck make. The same seed makes the same changes.

use super::campaign::Case;

/// What parsers stumble over.
const TOKENS: &[&str] = &[
    "\t",
    "\n",
    "\r\n",
    "\u{feff}",
    "\0",
    ": ",
    "- ",
    "? ",
    "#",
    " #",
    "'",
    "\"",
    "\\",
    "&a ",
    "*a",
    "<<: *a\n",
    "!!binary ",
    "{",
    "}",
    "[",
    "]",
    "|\n",
    ">-\n",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "~",
    "null",
    "${",
    "${A:-",
    "${A:?",
    "}",
    "$$",
    "$",
    "=",
    "export ",
    "0",
    "-1",
    "65536",
    "18446744073709551616",
    "1e999",
    ".inf",
    "99999999999999g",
    "0.0001",
    "true",
    "é",
    "日本",
    "\u{85}",
    "\u{2028}",
    "../",
    "/",
    "::1",
    "0.0.0.0",
    "profile: wiki\n",
    "depends_on: {wiki: healthy}\n",
    "port: 8001\n",
    "services-to-run: [wiki]\n",
    "catalogue: x\n",
    "data: external\n",
    "images: {source: registry, registry: a}\n",
    "\u{7f}\u{7f}\u{7f}\u{7f}",
    "\0\0\0\0",
    "\x05\0\0\0\0",
    "\x01\0\0\0",
];
/// What is nested by repeating it.
const NESTS: &[&str] = &[
    "[", "{a: ", "- ", "? ", "${A:-", "\"", "a:\n ", "((", "&a [*a, ",
];

/// A source of changes.
pub(crate) struct Mutator(u64);

impl Mutator {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// Xorshift64*: good enough to choose with.
    fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.number() % limit).unwrap_or_default()
    }

    pub(crate) fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.below(items.len())]
    }

    /// Changes some of the files a few times.
    pub(crate) fn mutate<C: Case>(&mut self, case: &mut C, other: &C) {
        let mut other = other.clone();
        for (part, other) in case.parts().into_iter().zip(other.parts()) {
            if self.below(3) == 0 {
                std::mem::swap(part, other);
            }
            let times = [0, 1, 1, 2, 4, 16][self.below(6)];
            for _ in 0..times {
                self.change(part, other);
            }
        }
    }

    fn range(&mut self, bytes: &[u8]) -> std::ops::Range<usize> {
        let begin = self.below(bytes.len() + 1);
        let most = [1, 8, 64, bytes.len()][self.below(4)];
        begin..(begin + self.below(most + 1)).min(bytes.len())
    }

    fn change(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let at = self.below(bytes.len() + 1);
        match self.below(9) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = self.0 as u8;
                }
            }
            1 => {
                let range = self.range(bytes);
                bytes.drain(range);
            }
            2 => {
                let copy = bytes[self.range(bytes)].to_vec();
                bytes.splice(at..at, copy);
            }
            3 => {
                let copy = other[self.range(other)].to_vec();
                bytes.splice(at..at, copy);
            }
            4 => bytes.truncate(at),
            5 => {
                let count = [10, 100, 2000][self.below(3)];
                let nest = self.pick(NESTS).repeat(count);
                bytes.splice(at..at, nest.into_bytes());
            }
            6 => self.swap_lines(bytes),
            _ => {
                let token = *self.pick(TOKENS);
                let range = if self.below(2) == 0 {
                    at..at
                } else {
                    self.range(bytes)
                };
                bytes.splice(range, token.bytes());
            }
        }
    }

    fn swap_lines(&mut self, bytes: &mut Vec<u8>) {
        let mut lines: Vec<Vec<u8>> = bytes
            .split_inclusive(|b| *b == b'\n')
            .map(<[u8]>::to_vec)
            .collect();
        let (a, b) = (self.below(lines.len()), self.below(lines.len()));
        if !lines.is_empty() {
            lines.swap(a, b);
        }
        *bytes = lines.concat();
    }
}
