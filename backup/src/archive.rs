//! The mongodump archive format: written, read, checked.
