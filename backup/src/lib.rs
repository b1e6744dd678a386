//! Backups of MongoDB, Redis and the embedded store that prove themselves.
//!
//! | module | owns |
//! |---|---|
//! | [`archive`] | the mongodump archive format: written, read, checked |
//! | [`codec`] | what lies between an archive and a file: gzip, zstd, age, SHA-256 |
//! | [`error`] | operation, subject, cause and hint of what failed, and its kind |
//! | [`extjson`] | canonical Extended JSON, with the order of keys kept |
//! | [`key`] | keys of encrypted backups: made, written, read |
//! | [`folder`] | dump folders, as `mongodump --out` writes them, to and from archives |
//! | [`manifest`] | what a backup says of itself |
//! | [`mongo`] | reading and writing a live MongoDB; the only module that names the driver's client |
//! | [`notify`] | tells people of failures, by webhook or mail |
//! | [`progress`] | what happens while a backup is made, as values |
//! | [`rdb`] | the check of a Redis snapshot |
//! | [`repository`] | where backups lie: local folders and remote stores, published whole or not at all |
//! | [`retention`] | which backups to keep, and why |
//! | [`schedule`] | when backups are made, and the entry of systemd, cron or launchd that does |
//! | [`verify`] | the proof that a backup is what was written |
//!
//! Nothing here prints, asks, exits, or reads the environment; the clock is a parameter wherever a decision hangs on it.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod archive;
mod buffer;
pub mod codec;
pub mod error;
pub mod extjson;
pub mod folder;
pub mod key;
mod lookahead;
pub mod manifest;
pub mod mongo;
pub mod notify;
mod priority;
pub mod progress;
pub mod rdb;
pub mod repository;
pub mod retention;
pub mod schedule;
pub mod verify;

pub use error::{Error, Kind};
