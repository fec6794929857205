//! The daemon from outside. Every expectation is the wire contract's, and every signed document goes to the judges.
