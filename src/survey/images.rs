//! Looks for the facts of `checks::images`.

use super::Scene;
use crate::checks::Known;
use crate::checks::images::Images;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Images> {
    scene.engine()?;
    Ok(Images::default())
}
