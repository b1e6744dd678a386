//! The way of the documents: batches to the server, several at a time, and the count of each namespace. Owns when something must wait.

use std::io::Read;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::batch::Batch;
use super::feed::{Fed, Feed, Use};
use super::insert::{self, Destination, Sent};
use super::oplog::Replay;
use super::plan::{Collection, Part, Plan, Sort};
use super::{RestoreOptions, users};
use crate::Error;
use crate::archive::Reader;
use crate::mongo::Connection;
use crate::progress::{Event, Progress};

/// What is known of one namespace.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Where it goes; nowhere when it is left out.
    to: Option<Arc<Destination>>,
    /// Batches on their way.
    running: usize,
    pub(super) inserted: u64,
    pub(super) refused: u64,
    /// Documents and bytes that the archive has, once its end was seen.
    pub(super) whole: Option<(u64, u64)>,
}

/// One batch that came back.
type Back = (usize, u32, u64, Result<Sent, Error>);

/// Everything on its way.
pub(super) struct Flow<'a> {
    connection: &'a Connection,
    options: &'a RestoreOptions,
    plan: &'a Plan,
    progress: &'a dyn Progress,
    tallies: Vec<Tally>,
    running: JoinSet<Back>,
}

impl<'a> Flow<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        options: &'a RestoreOptions,
        plan: &'a Plan,
        names: &[String],
        progress: &'a dyn Progress,
    ) -> Self {
        let destination = |(part, name): (&Part, &String)| match part {
            Part::Collection(collection) => Some(destination(connection, collection)),
            part => users::destination(part, name.clone()),
        };
        let tallies = plan.parts.iter().zip(names).map(|part| Tally {
            to: destination(part).map(Arc::new),
            ..Tally::default()
        });
        Self {
            connection,
            options,
            plan,
            progress,
            tallies: tallies.collect(),
            running: JoinSet::new(),
        }
    }

    /// Writes all of it; the oplog comes last in an archive, so everything before it is written when it begins.
    pub(super) async fn run<R: Read + Send + 'static>(
        mut self,
        reader: Reader<R>,
        replay: &mut Replay<'_>,
    ) -> Result<Vec<Tally>, Error> {
        let uses = self.plan.parts.iter().map(|part| match part {
            Part::Skip(_) => Use::Nothing,
            Part::Collection(_) | Part::Users(_) | Part::Roles(_) => Use::Write,
            Part::Version | Part::Oplog => Use::Read,
        });
        let mut feed = Feed::start(reader, uses.collect())?;
        loop {
            let fed = tokio::select! {
                Some(back) = self.running.join_next() => {
                    self.settle(back)?;
                    continue;
                }
                fed = feed.next(), if self.running.len() < self.options.threads.max(1) => fed?,
            };
            match fed {
                None => break,
                Some(Fed::Batch(batch, held)) => self.send(batch, held).await?,
                Some(Fed::Documents {
                    namespace,
                    documents,
                    _held,
                }) => match self.plan.parts[namespace] {
                    Part::Version => users::check_schema(&documents)?,
                    _ => {
                        self.drain(|flow| flow.running.is_empty()).await?;
                        replay.apply(&documents).await?;
                    }
                },
                Some(Fed::End {
                    namespace,
                    documents,
                    bytes,
                }) => {
                    self.tallies[namespace].whole = Some((documents, bytes));
                    self.finished(namespace)?;
                }
            }
        }
        self.drain(|flow| flow.running.is_empty()).await?;
        Ok(self.tallies)
    }

    /// Sends a batch beside the others; in a collection that keeps the order of its documents, after the one before.
    async fn send(&mut self, batch: Batch, held: impl Send + 'static) -> Result<(), Error> {
        let namespace = batch.namespace;
        let Some(to) = self.tallies[namespace].to.clone() else {
            return Ok(());
        };
        if to.ordered {
            self.drain(|flow| flow.tallies[namespace].running == 0)
                .await?;
        }
        self.tallies[namespace].running += 1;
        let client = self.connection.client().clone();
        self.running.spawn(async move {
            let (count, bytes) = (batch.count, batch.bytes);
            let sent = insert::send(&client, &to, batch).await;
            drop(held);
            (namespace, count, bytes, sent)
        });
        Ok(())
    }

    /// Waits for batches until it is so.
    async fn drain(&mut self, done: impl Fn(&Self) -> bool) -> Result<(), Error> {
        while !done(self) {
            match self.running.join_next().await {
                Some(back) => self.settle(back)?,
                None => break,
            }
        }
        Ok(())
    }

    fn settle(&mut self, back: Result<Back, tokio::task::JoinError>) -> Result<(), Error> {
        let (namespace, count, bytes, sent) =
            back.map_err(|error| Error::failed("restore", "a batch", error.to_string()))?;
        let sent = sent?;
        let tally = &mut self.tallies[namespace];
        tally.running -= 1;
        tally.inserted += sent.inserted;
        tally.refused += sent.refused;
        let name = tally.to.as_ref().map_or("", |to| to.source.as_str());
        if sent.inserted + sent.refused != u64::from(count) {
            let answered = sent.inserted + sent.refused;
            let cause = format!("the server answered for {answered} of {count} documents");
            return Err(Error::failed("insert into", name, cause));
        }
        if let Some(reason) = sent.reason
            && self.options.stop_on_error
        {
            return Err(Error::failed("insert into", name, reason));
        }
        self.progress.report(Event::Advanced {
            bytes,
            documents: u64::from(count),
        });
        self.finished(namespace)
    }

    /// Tells when a namespace is complete, once its end was read and its last batch came back.
    fn finished(&mut self, namespace: usize) -> Result<(), Error> {
        let tally = &self.tallies[namespace];
        let (Some((documents, bytes)), 0, Some(to)) = (tally.whole, tally.running, &tally.to)
        else {
            return Ok(());
        };
        let written = tally.inserted + tally.refused;
        if written != documents {
            let cause = format!("{written} documents were written of {documents} in the archive");
            return Err(Error::failed("insert into", to.source.as_str(), cause));
        }
        self.progress.report(Event::Finished {
            subject: to.source.clone(),
            documents,
            bytes,
        });
        Ok(())
    }
}

fn destination(connection: &Connection, collection: &Collection) -> Destination {
    let series = collection.kind == Sort::TimeSeries;
    // From 8.3 on a time series has no collection of buckets beside it.
    let raw = series && connection.server.is_at_least(8, 3);
    Destination {
        source: collection.source.clone(),
        db: collection.db.clone(),
        collection: if series && !raw {
            format!("system.buckets.{}", collection.name)
        } else {
            collection.name.clone()
        },
        ordered: collection.kind == Sort::Capped,
        bypass: collection
            .options
            .get("validator")
            .is_ok_and(|v| v.is_some()),
        raw,
    }
}
