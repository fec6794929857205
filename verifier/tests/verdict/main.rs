//! Verdicts on documents that are made, signed and then changed here; and on those of a corpus, where there is one.

#[cfg(test)]
mod attack;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod maker;
#[cfg(test)]
mod mutation;
#[cfg(test)]
mod permitted;
