//! Which collections are read at once: users and roles first and alone, then the largest first.

use std::collections::VecDeque;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use super::super::listing::{Listed, Source};
use super::super::ranges;
use super::DumpOptions;
use super::position::{Order, Position};
use super::reading::Reading;
use super::scan::{Task, scan};
use crate::Error;

/// Reads every namespace to its end.
///
/// # Errors
/// The first that one of them gives; the others are given up.
pub(super) async fn all(
    reading: &Arc<Reading>,
    namespaces: &[Listed],
    options: &DumpOptions,
) -> Result<(), Error> {
    let mut rest = Vec::new();
    for (place, one) in namespaces.iter().enumerate() {
        match &one.source {
            None => reading.finished(place).await?,
            Some(source) if one.metadata.is_users_and_roles() => {
                for task in tasks(place, one, source, vec![Position::start(Order::Natural)]) {
                    scan(reading, task).await?;
                }
            }
            Some(source) => rest.push((place, one, source)),
        }
    }
    rest.sort_by_key(|(_, _, source)| std::cmp::Reverse(source.size));
    let lanes = options.threads.max(1);
    let share = rest.iter().map(|(_, _, source)| source.size).sum::<u64>() / lanes as u64;
    let mut queue = VecDeque::new();
    for (place, one, source) in rest {
        // One that is larger than its share keeps the other cursors waiting in the end.
        let large =
            options.split && lanes > 1 && source.plain && source.size >= options.large.max(share);
        let positions = if large {
            ranges_of(reading, source, lanes).await
        } else {
            vec![Position::start(Order::Natural)]
        };
        queue.extend(tasks(place, one, source, positions));
    }
    side_by_side(reading, queue, lanes).await
}

async fn ranges_of(reading: &Reading, source: &Source, lanes: usize) -> Vec<Position> {
    let bounds = ranges::bounds(&reading.connection, source, reading.at(source), lanes).await;
    if bounds.is_empty() {
        return vec![Position::start(Order::Natural)];
    }
    let starts = std::iter::once(None).chain(bounds.iter().cloned().map(Some));
    let ends = bounds
        .iter()
        .cloned()
        .map(Some)
        .chain(std::iter::once(None));
    starts
        .zip(ends)
        .map(|(from, to)| Position::range(from, to))
        .collect()
}

fn tasks(place: usize, one: &Listed, source: &Source, positions: Vec<Position>) -> Vec<Task> {
    let (source, parts) = (
        Arc::new(source.clone()),
        Arc::new(AtomicUsize::new(positions.len())),
    );
    let task = |position| Task {
        namespace: place,
        name: one.metadata.namespace(),
        source: Arc::clone(&source),
        position,
        parts: Arc::clone(&parts),
    };
    positions.into_iter().map(task).collect()
}

async fn side_by_side(
    reading: &Arc<Reading>,
    queue: VecDeque<Task>,
    lanes: usize,
) -> Result<(), Error> {
    let queue = Arc::new(Mutex::new(queue));
    let mut running = JoinSet::new();
    for _ in 0..lanes {
        let (reading, queue) = (Arc::clone(reading), Arc::clone(&queue));
        running.spawn(async move {
            while let Some(task) = next(&queue) {
                scan(&reading, task).await?;
            }
            Ok(())
        });
    }
    while let Some(done) = running.join_next().await {
        done.unwrap_or_else(|error| Err(Error::failed("dump", "mongodb", error.to_string())))?;
    }
    Ok(())
}

fn next(queue: &Mutex<VecDeque<Task>>) -> Option<Task> {
    queue
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .pop_front()
}
