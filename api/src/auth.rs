//! Who asks: the application's credential and the address it comes from (contract, section 0).

mod basic;
mod forwarded;

pub use basic::{Credential, credential};
pub use forwarded::client_address;
