//! X.509 certificates and their chains (RFC 5280).
