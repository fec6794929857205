//! PDF as a signer reads and extends it (ISO 32000).
