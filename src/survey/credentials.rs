//! Looks for the facts of `checks::credentials`.

use super::Scene;
use crate::checks::credentials::Credentials;
use crate::checks::{Known, Unknown};

pub(super) async fn look(scene: &Scene<'_>) -> Known<Credentials> {
    if !scene.online {
        return Err(Unknown::Unasked("--online"));
    }
    Ok(Credentials::default())
}
