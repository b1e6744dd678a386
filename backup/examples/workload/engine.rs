//! The engine as the benchmarks call it: dump, restore and check, with defaults wherever the command line says nothing.

use std::error::Error;
use std::fs::File;
use std::sync::Arc;

use atlas_backup::codec::{Compression, Encryption, Identity, Output, open};
use atlas_backup::mongo::{
    Connection, DumpOptions, RestoreOptions, Throttle, dump as dump_all, restore as restore_all,
};
use atlas_backup::progress::Silent;
use tokio::sync::watch;

pub(crate) async fn dump(
    uri: &str,
    file: &str,
    compression: &str,
    throttle: &str,
) -> Result<(), Box<dyn Error>> {
    let compression = match compression {
        "none" => Compression::None,
        "gzip" => Compression::GZIP,
        "zstd" => Compression::ZSTD,
        _ => return Err(format!("no compression `{compression}`").into()),
    };
    let throttle = match throttle {
        "off" => Throttle::Off,
        "auto" => Throttle::Adaptive,
        _ => return Err(format!("no throttle `{throttle}`").into()),
    };
    let connection = Connection::open(uri).await?;
    let output = Output::new(
        Box::new(File::create(file)?),
        compression,
        &Encryption::None,
        threads(),
    )?;
    let options = DumpOptions {
        throttle,
        ..DumpOptions::default()
    };
    let (_stop, cancel) = watch::channel(false);
    dump_all(&connection, &options, output, Arc::new(Silent), cancel).await?;
    Ok(())
}

pub(crate) async fn restore(uri: &str, file: &str) -> Result<(), Box<dyn Error>> {
    let connection = Connection::open(uri).await?;
    let input = open(Box::new(File::open(file)?), &Identity::None, threads())?;
    let (_stop, cancel) = watch::channel(false);
    let options = RestoreOptions::default();
    restore_all(&connection, &options, input, Arc::new(Silent), cancel).await?;
    Ok(())
}

/// Reads a file to its end as `verify` does, and prints what is in it.
pub(crate) fn check(file: &str, threads: usize) -> Result<(), Box<dyn Error>> {
    let mut input = open(Box::new(File::open(file)?), &Identity::None, threads)?;
    let checked = atlas_backup::archive::check(&mut input, &Silent)?;
    let totals = input.finish()?;
    let documents: u64 = checked
        .namespaces
        .iter()
        .map(|(_, closed)| closed.documents)
        .sum();
    println!(
        "{{\"bytes\": {}, \"documents\": {documents}, \"sha256\": \"{}\"}}",
        totals.raw_size, totals.sha256
    );
    Ok(())
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
