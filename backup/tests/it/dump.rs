//! Dumps of a real mongod: what is in them, of which moment, and what happens when something goes wrong meanwhile.

mod connection;
mod contents;
mod moment;
mod trouble;
