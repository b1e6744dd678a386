//! What packing and checking cost: `generate MB | pack zstd 3 2 > FILE`, `check 1 < FILE`. One line on stderr each: megabytes of
//! BSON, seconds, seconds of all cores together, and megabytes for each second of a core.

use std::io::{self, Read, Write};
use std::time::Instant;

use atlas_backup::archive::{Header, Metadata, Writer, check};
use atlas_backup::codec::{Compression, Encryption, Identity, Output, open};
use atlas_backup::progress::Silent;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, rawdoc};

const WORDS: [&str; 32] = [
    "gateway",
    "answer",
    "document",
    "of",
    "the",
    "search",
    "index",
    "user",
    "question",
    "page",
    "space",
    "confluence",
    "ticket",
    "assigned",
    "status",
    "open",
    "please",
    "review",
    "and",
    "deploy",
    "failed",
    "timeout",
    "with",
    "error",
    "while",
    "reading",
    "from",
    "cache",
    "team",
    "release",
    "is",
    "not",
];

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize| {
        arguments
            .get(place)
            .map_or(Ok(1), |text| text.parse::<usize>())
    };
    let began = Instant::now();
    let bytes = match arguments.first().map(String::as_str) {
        Some("generate") => generate(number(1)? as u64 * 1_000_000)?,
        Some("pack") => {
            let level = number(2)? as i32;
            let compression = match arguments[1].as_str() {
                "gzip" => Compression::Gzip {
                    level: level as u32,
                },
                "zstd" => Compression::Zstd { level },
                _ => Compression::None,
            };
            let to = Box::new(io::stdout());
            let mut output = Output::new(to, compression, &Encryption::None, number(3)?)?;
            io::copy(&mut io::stdin().lock(), &mut output)?;
            let written = output.finish()?;
            eprint!(
                "ratio {:.2} ",
                written.raw_size as f64 / written.size as f64
            );
            written.raw_size
        }
        _ => {
            let input = open(Box::new(io::stdin()), &Identity::None, number(1)?)?;
            let checked = check(input, &Silent)?;
            checked
                .namespaces
                .iter()
                .map(|(_, closed)| closed.bytes)
                .sum()
        }
    };
    let (wall, mb) = (began.elapsed().as_secs_f64(), bytes as f64 / 1e6);
    let (cpu, peak) = costs()?;
    eprintln!(
        "{arguments:?}: {mb:.0} MB in {wall:.2} s ({:.0} MB/s), {cpu:.2} s of cores ({:.0} MB/s each), peak {peak} MB",
        mb / wall,
        mb / cpu
    );
    Ok(())
}

/// Seconds of all cores, and the most memory that was used, in MB.
fn costs() -> Result<(f64, u64), Failure> {
    let mut text = String::new();
    std::fs::File::open("/proc/self/stat")?.read_to_string(&mut text)?;
    let fields: Vec<&str> = text
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split(' ')
        .collect();
    let ticks = fields[12].parse::<f64>()? + fields[13].parse::<f64>()?;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak
        .and_then(|text| text.trim().strip_suffix(" kB"))
        .unwrap_or("0");
    Ok((ticks / 100.0, peak.parse::<u64>()? / 1024))
}

/// An archive of mixed documents: identifiers, dates, numbers, short and long texts, nested lists.
fn generate(size: u64) -> Result<u64, Failure> {
    let header = Header {
        concurrent_collections: 4,
        version: "0.1".to_owned(),
        server_version: "7.0.14".to_owned(),
        tool_version: "100.10.0".to_owned(),
    };
    let list: Vec<Metadata> = (0..4)
        .map(|index| Metadata {
            db: "shop".to_owned(),
            collection: format!("c{index}"),
            metadata: r#"{"indexes":[]}"#.to_owned(),
            size: 0,
            kind: "collection".to_owned(),
        })
        .collect();
    let mut writer = Writer::new(io::BufWriter::new(io::stdout()), &header, &list)?;
    let mut state = 88_172_645_463_325_252_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let (mut total, mut round) = (0, 0_usize);
    while total < size {
        let (mut batch, mut count) = (Vec::new(), 0);
        while batch.len() < 4 << 20 {
            batch.extend(one(&mut random, count)?);
            count += 1;
        }
        total += batch.len() as u64;
        writer.documents(round % 4, None, &batch, count)?;
        round += 1;
    }
    (0..4).try_for_each(|namespace| writer.end(namespace))?;
    writer.finish()?.1.flush()?;
    Ok(total)
}

fn one(random: &mut impl FnMut() -> u64, count: u64) -> Result<Vec<u8>, Failure> {
    let mut words = |count: u64| {
        let words: Vec<&str> = (0..count)
            .map(|_| WORDS[(random() % 32) as usize])
            .collect();
        words.join(" ")
    };
    let (title, body, tag) = (words(6), words(40), words(1));
    let mut id = [0; 12];
    id[..8].copy_from_slice(&random().to_be_bytes());
    let history: Vec<_> = (0..random() % 4)
        .map(|step| rawdoc! { "step": step as i32, "at": DateTime::from_millis((random() % 2_000_000_000_000) as i64) })
        .collect();
    let history: mongodb::bson::raw::RawArrayBuf = history.into_iter().collect();
    let document = rawdoc! {
        "_id": ObjectId::from_bytes(id),
        "number": count as i64,
        "title": title.as_str(),
        "body": body.as_str(),
        "tag": tag.as_str(),
        "price": (random() % 100_000) as f64 / 100.0,
        "amount": (random() % 50) as i32,
        "created": DateTime::from_millis((random() % 2_000_000_000_000) as i64),
        "active": random() % 2 == 0,
        "hash": format!("{:016x}{:016x}", random(), random()).as_str(),
        "address": rawdoc! { "street": title.as_str(), "zip": (random() % 99_999) as i32, "country": "CH" },
        "history": history,
    };
    Ok(document.into_bytes())
}
