//! Where certificates come from.

mod embedded;

pub(crate) use embedded::{Embedded, tls_server};
