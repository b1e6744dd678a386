//! Looks for the facts of `checks::engine`.

use super::Scene;
use crate::checks::Known;
use crate::checks::engine::Engine;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Engine> {
    let _ = scene;
    Ok(Engine::default())
}
