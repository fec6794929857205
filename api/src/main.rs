//! The binary `segeld`.

fn main() {}
