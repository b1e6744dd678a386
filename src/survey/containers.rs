//! Looks for the facts of `checks::containers`.

use super::Scene;
use crate::checks::Known;
use crate::checks::containers::Containers;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Containers> {
    scene.engine()?;
    Ok(Containers::default())
}
