//! Looks for the facts of `checks::network`.

use super::Scene;
use crate::checks::Known;
use crate::checks::network::Network;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Network> {
    scene.engine()?;
    Ok(Network::default())
}
