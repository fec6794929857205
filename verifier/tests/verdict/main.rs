//! Verdicts on documents that are made, signed and then changed here; and on those of a corpus, where there is one.

mod attack;
mod corpus;
mod maker;
mod mutation;
mod permitted;
