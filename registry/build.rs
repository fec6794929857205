//! Builds again when a migration is added: the files are compiled in, and a new one is named by no source file.

#[expect(clippy::print_stdout, reason = "cargo reads it there")]
fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
