//! What a caller may cost: bytes in flight, size and patience (contract, section 2, "Limits").
//!
//! A request reserves its bytes from one global budget before its body is read; what does not fit is answered
//! 503 with Retry-After at once. A body must keep moving and must have arrived by its deadline.

mod budget;
mod incoming;
mod remainder;

pub use budget::{Budget, Lease};
pub use incoming::{Bounds, Incoming, Interrupted};
pub use remainder::Remainder;
