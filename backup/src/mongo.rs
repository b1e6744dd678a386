//! Reading and writing a live MongoDB.
