//! What a signature costs, measured beside the token's own rate in the same run.
//!
//! The machine's speed, its load and the module set the figures; what stays comparable is the ratio of a rate to the ceiling
//! that was measured right before it. So a run is made of repetitions, each of which measures everything once, and a figure
//! is the median over them.

pub mod ceiling;
pub mod library;
pub mod load;
pub mod pile;
pub mod report;
pub mod token;
