//! The values of keys, and what stands between keys: one function for each shape.

use std::io::Read;

use super::source::{Fault, Source};
use super::{packed, wrong};

/// Passes what stands between keys and belongs to none.
pub(super) fn between_keys<R: Read>(source: &mut Source<R>, opcode: u8) -> Result<(), Fault> {
    match opcode {
        0xFE => source.length().map(drop),
        0xFB => {
            source.length()?;
            source.length().map(drop)
        }
        0xFA => {
            source.string()?;
            source.string()
        }
        0xF7 => module(source),
        0xF5 => source.string(),
        _ => Err(wrong(format!("unknown opcode {opcode:#04x}"))),
    }
}

/// Decodes the value of a key.
pub(super) fn skip<R: Read>(source: &mut Source<R>, kind: u8) -> Result<(), Fault> {
    match kind {
        0 => source.string(),
        1 | 2 => each(source, |source| source.string()),
        3 => each(source, |source| {
            source.string()?;
            score(source)
        }),
        4 => each(source, |source| {
            source.string()?;
            source.string()
        }),
        5 => each(source, |source| {
            source.string()?;
            source.skip(8)
        }),
        7 => module(source),
        9 => packed(source, packed::zipmap),
        10 => packed(source, |bytes| packed::ziplist(bytes, 1)),
        11 => packed(source, packed::intset),
        12 | 13 => packed(source, |bytes| packed::ziplist(bytes, 2)),
        14 => each(source, |source| {
            packed(source, |bytes| packed::ziplist(bytes, 1))
        }),
        15 => stream(source, 1),
        16 | 17 => packed(source, |bytes| packed::listpack(bytes, 2)),
        18 => each(source, node),
        19 => stream(source, 2),
        20 => packed(source, |bytes| packed::listpack(bytes, 1)),
        21 => stream(source, 3),
        // Hashes whose fields expire: 22 and 23 are of 7.4's release candidates.
        22 => each(source, field),
        23 => packed(source, |bytes| packed::listpack(bytes, 3)),
        24 => {
            source.skip(8)?;
            each(source, field)
        }
        25 => {
            source.skip(8)?;
            packed(source, |bytes| packed::listpack(bytes, 3))
        }
        _ => Err(wrong(format!("unknown type {kind} of a value"))),
    }
}

fn each<R: Read>(
    source: &mut Source<R>,
    mut one: impl FnMut(&mut Source<R>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    for _ in 0..source.length()? {
        one(source)?;
    }
    Ok(())
}

fn packed<R: Read>(
    source: &mut Source<R>,
    check: impl Fn(&[u8]) -> Result<(), String>,
) -> Result<(), Fault> {
    check(&source.contents()?).map_err(Fault::Wrong)
}

/// A score as text; 253 to 255 are not a number and the infinities.
fn score<R: Read>(source: &mut Source<R>) -> Result<(), Fault> {
    match source.byte()? {
        253.. => Ok(()),
        length => source.skip(length.into()),
    }
}

/// A node of a list: one plain element, or a listpack of some.
fn node<R: Read>(source: &mut Source<R>) -> Result<(), Fault> {
    match source.length()? {
        1 => source.string(),
        2 => packed(source, |bytes| packed::listpack(bytes, 1)),
        other => Err(wrong(format!("unknown kind {other} of a list's node"))),
    }
}

/// A hash's field that may expire.
fn field<R: Read>(source: &mut Source<R>) -> Result<(), Fault> {
    source.length()?;
    source.string()?;
    source.string()
}

fn stream<R: Read>(source: &mut Source<R>, version: u8) -> Result<(), Fault> {
    each(source, |source| {
        if source.contents()?.len() != 16 {
            return Err(wrong("a stream's entries without their id"));
        }
        packed(source, |bytes| packed::listpack(bytes, 1))
    })?;
    // Length and last id; then first id, largest deleted id, and how many were ever added.
    let numbers = if version >= 2 { 8 } else { 3 };
    (0..numbers).try_for_each(|_| source.length().map(drop))?;
    each(source, |source| group(source, version))
}

fn group<R: Read>(source: &mut Source<R>, version: u8) -> Result<(), Fault> {
    source.string()?;
    let numbers = if version >= 2 { 3 } else { 2 };
    (0..numbers).try_for_each(|_| source.length().map(drop))?;
    each(source, |source| {
        // Id and time of a delivery, and its count.
        source.skip(16 + 8)?;
        source.length().map(drop)
    })?;
    each(source, |source| {
        source.string()?;
        // When it was seen, and, since version 3, when it was active.
        source.skip(if version >= 3 { 16 } else { 8 })?;
        each(source, |source| source.skip(16))
    })
}

/// A module's own data, which describes its shape since Redis 4.
fn module<R: Read>(source: &mut Source<R>) -> Result<(), Fault> {
    source.length()?;
    loop {
        match source.length()? {
            0 => return Ok(()),
            1 | 2 => source.length().map(drop)?,
            3 => source.skip(4)?,
            4 => source.skip(8)?,
            5 => source.string()?,
            other => return Err(wrong(format!("unknown opcode {other} in a module's data"))),
        }
    }
}
