//! Looks for the facts of `checks::nginx`.

use super::Scene;
use crate::checks::Known;
use crate::checks::nginx::Nginx;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Nginx> {
    let _ = scene;
    Ok(Nginx::default())
}
