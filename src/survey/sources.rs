//! Looks for the facts of `checks::sources`.

use super::Scene;
use crate::checks::Known;
use crate::checks::sources::Sources;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Sources> {
    let _ = scene;
    Ok(Sources::default())
}
