//! Looks for the facts of `checks::environment`.

use super::Scene;
use crate::checks::Known;
use crate::checks::environment::Environment;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Environment> {
    let _ = scene;
    Ok(Environment::default())
}
