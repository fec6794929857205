//! PDF Advanced Electronic Signatures (EN 319 142-1).
