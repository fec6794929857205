//! The daemon from outside. Every expectation is the wire contract's, and every signed document goes to the judges.

#[cfg(test)]
mod archive;
#[cfg(test)]
mod download;
#[cfg(test)]
mod failing_token;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod locked;
#[cfg(test)]
mod marker;
#[cfg(test)]
mod operators;
#[cfg(test)]
mod people;
#[cfg(test)]
mod quirks;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod signing;
#[cfg(test)]
mod status;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod verification;
#[cfg(test)]
mod visible;
