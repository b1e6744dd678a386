//! Reads an archive to its end to prove it; keeps nothing but the counts.

use std::io::Read;

use super::reader::Step;
use super::{Closed, Header, Metadata, Reader};
use crate::Error;
use crate::progress::{Event, Progress};

/// What a whole archive holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Of the run that made it.
    pub header: Header,
    /// Its namespaces in the order of the prelude, and what was found in them.
    pub namespaces: Vec<(Metadata, Closed)>,
}

/// Reads all of an archive: every document walked, every CRC compared, every namespace closed exactly once.
///
/// # Errors
/// [`Kind::Damaged`](crate::Kind::Damaged) for all that is wrong; what `from` fails with.
pub fn check(from: impl Read, progress: &dyn Progress) -> Result<Checked, Error> {
    let mut reader = Reader::new(from)?;
    let mut found = vec![Closed::default(); reader.metadata().len()];
    while let Some(step) = reader.step()? {
        match step {
            Step::Documents { length, count, .. } => {
                reader.consume(length);
                progress.report(Event::Advanced {
                    bytes: length as u64,
                    documents: count,
                });
            }
            Step::End { namespace, closed } => {
                found[namespace] = closed;
                progress.report(Event::Finished {
                    subject: reader.metadata()[namespace].namespace(),
                    documents: closed.documents,
                    bytes: closed.bytes,
                });
            }
        }
    }
    Ok(Checked {
        header: reader.header().clone(),
        namespaces: reader.metadata().iter().cloned().zip(found).collect(),
    })
}
