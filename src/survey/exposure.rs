//! Looks for the facts of `checks::exposure`.

use super::Scene;
use crate::checks::Known;
use crate::checks::exposure::Exposure;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Exposure> {
    scene.engine()?;
    Ok(Exposure::default())
}
