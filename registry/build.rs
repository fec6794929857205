//! Builds again when a migration is added: the files are compiled in, and a new one is named by no source file.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
}
