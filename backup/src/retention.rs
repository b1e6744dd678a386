//! Which backups to keep, and why.
