//! `atlas backup prune`: removes what no rule keeps, with a reason for everything that stays.

use atlas_backup::repository::Repository;

use super::place::Place;
use crate::app::App;
use crate::cli::backup::Prune;
use crate::error::Error;
use crate::exit::Exit;

pub(super) async fn prune(_app: &App, _args: &Prune) -> Result<Exit, Error> {
    Err(Error::failed("not there yet"))
}

pub(super) async fn apply(
    _app: &App,
    _place: &Place<'_>,
    _repository: &Repository,
) -> Result<(), Error> {
    Err(Error::failed("not there yet"))
}
