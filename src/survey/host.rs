//! Looks for the facts of `checks::host`.

use super::Scene;
use crate::checks::Known;
use crate::checks::host::Host;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Host> {
    let _ = scene;
    Ok(Host::default())
}
