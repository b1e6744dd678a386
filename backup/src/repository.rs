//! Where backups lie.
