//! What `pades` knows of a key.
