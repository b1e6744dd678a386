//! `atlas schema`: the JSON Schema of atlas.yaml, for editors.

use crate::app::App;
use crate::error::Error;
use crate::exit::Exit;
use crate::schema::atlas_yaml;

pub(crate) fn schema(app: &App) -> Result<Exit, Error> {
    app.out(&format!("{:#}", atlas_yaml()));
    Ok(Exit::Ok)
}
