//! Looks for the facts of `checks::data`.

use super::Scene;
use crate::checks::Known;
use crate::checks::data::Data;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Data> {
    scene.engine()?;
    Ok(Data::default())
}
