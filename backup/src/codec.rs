//! What lies between an archive and a file: gzip, zstd, age, SHA-256.
