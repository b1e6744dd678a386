//! A small application beside a dump: finds by `_id` and inserts at a steady rate, and notes how long each takes.
//! Owns the load and its figures; what runs beside it is the caller's.

use std::error::Error;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use mongodb::Client;
use mongodb::bson::{Bson, Document, doc};
use tokio::time::MissedTickBehavior;

/// Of each of the two kinds.
const EVERY: Duration = Duration::from_millis(10);

pub(crate) async fn run(uri: &str, namespace: &str, seconds: f64) -> Result<(), Box<dyn Error>> {
    let client = Client::with_uri_str(uri).await?;
    let (db, name) = namespace.split_once('.').ok_or("no DB.COLLECTION")?;
    let read = client.database(db).collection::<Document>(name);
    let written = client.database("probe").collection::<Document>("inserts");
    let sample = [
        doc! {"$sample": {"size": 5000}},
        doc! {"$project": {"_id": 1}},
    ];
    let sample: Vec<Document> = read.aggregate(sample).await?.try_collect().await?;
    let ids: Vec<Bson> = sample
        .into_iter()
        .filter_map(|mut found| found.remove("_id"))
        .collect();
    let finds = paced(seconds, |turn| {
        read.find_one(doc! {"_id": &ids[turn % ids.len()]})
            .into_future()
    });
    let inserts = paced(seconds, |turn| {
        let document = doc! {"turn": turn as i64, "text": "as small as an event of an application"};
        written.insert_one(document).into_future()
    });
    let (finds, inserts) = tokio::try_join!(finds, inserts)?;
    written.drop().await?;
    println!(
        "{{\"find\": {}, \"insert\": {}}}",
        figures(finds),
        figures(inserts)
    );
    Ok(())
}

/// One call every [`EVERY`], or when the one before it has ended; how long each took.
async fn paced<T, F>(
    seconds: f64,
    call: impl Fn(usize) -> F,
) -> Result<Vec<Duration>, mongodb::error::Error>
where
    F: Future<Output = Result<T, mongodb::error::Error>>,
{
    let until = Instant::now() + Duration::from_secs_f64(seconds);
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut took = Vec::new();
    while Instant::now() < until {
        ticks.tick().await;
        let started = Instant::now();
        call(took.len()).await?;
        took.push(started.elapsed());
    }
    Ok(took)
}

fn figures(mut took: Vec<Duration>) -> String {
    took.sort_unstable();
    let at = |part: f64| took[((took.len() - 1) as f64 * part) as usize].as_secs_f64() * 1000.0;
    format!(
        "{{\"count\": {}, \"p50\": {:.3}, \"p99\": {:.3}, \"max\": {:.3}}}",
        took.len(),
        at(0.5),
        at(0.99),
        at(1.0)
    )
}
