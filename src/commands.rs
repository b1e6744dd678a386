//! One file per command: what was typed → the rooms that do it. No logic of their own beyond the order of calls.

pub(crate) mod backup;
pub(crate) mod checklist;
pub(crate) mod complete;
pub(crate) mod doctor;
mod dotenv;
pub(crate) mod down;
pub(crate) mod env;
pub(crate) mod exec;
pub(crate) mod explain;
pub(crate) mod images;
pub(crate) mod init;
pub(crate) mod lifecycle;
mod lock;
pub(crate) mod logs;
mod page;
pub(crate) mod plan;
mod preflight;
pub(crate) mod render;
mod run;
pub(crate) mod scale;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod status;
pub(crate) mod up;
