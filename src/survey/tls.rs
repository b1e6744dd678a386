//! Looks for the facts of `checks::tls`.

use super::Scene;
use crate::checks::Known;
use crate::checks::tls::Tls;

pub(super) async fn look(scene: &Scene<'_>) -> Known<Tls> {
    let _ = scene;
    Ok(Tls::default())
}
