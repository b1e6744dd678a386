//! Looks for the facts of `checks::path`.

use super::Scene;
use crate::checks::Known;
use crate::checks::path::Path;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Path> {
    scene.engine()?;
    Ok(Path::default())
}
