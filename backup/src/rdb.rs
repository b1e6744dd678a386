//! The check of a Redis snapshot.
