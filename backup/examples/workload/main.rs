//! What benchmarks need of a MongoDB: data to dump, load beside a dump, and hashes of what came back. Owns the command line.

mod engine;
mod fill;
mod hash;
mod probe;

use std::error::Error;

const USAGE: &str = "usage: workload COMMAND
  fill URI SHAPE MEGABYTES      fill an empty server; SHAPE is mixed, one or many
  settle URI                    write out what is dirty
  hash URI                      one line for each collection: its name and the server's hash of it
  dump URI FILE none|gzip|zstd off|auto
  restore URI FILE
  check FILE THREADS            read all of an archive; what is in it as JSON
  probe URI DB.COLLECTION SECONDS
                                find one by its _id and insert one, each a hundred times a second; latencies as JSON";

// As the command line runs it.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["fill", uri, shape, megabytes] => {
            fill::run(uri, shape, megabytes.parse()?).await?;
        }
        ["settle", uri] => {
            let client = mongodb::Client::with_uri_str(uri).await?;
            client
                .database("admin")
                .run_command(mongodb::bson::doc! {"fsync": 1})
                .await?;
        }
        ["hash", uri] => hash::run(uri).await?,
        ["dump", uri, file, compression, throttle] => {
            engine::dump(uri, file, compression, throttle).await?;
        }
        ["restore", uri, file] => engine::restore(uri, file).await?,
        ["check", file, threads] => engine::check(file, threads.parse()?)?,
        ["probe", uri, namespace, seconds] => probe::run(uri, namespace, seconds.parse()?).await?,
        _ => return Err(USAGE.into()),
    }
    Ok(())
}
