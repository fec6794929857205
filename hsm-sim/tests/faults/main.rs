//! Each fault through the built module over `SoftHSM`, with the call log as proof that it struck.
//!
//! Both libraries read the environment, which a process may not change while it runs; so every test runs its body in a child
//! of its own, which also gives it a module of its own.

#[cfg(test)]
mod rig;
#[cfg(test)]
mod strike;
#[cfg(test)]
mod tempo;
