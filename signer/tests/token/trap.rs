//! A call that does not come back, made with what a file-backed token stands on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use signer::hsm::TokenKey;

use crate::harness::{Token, sign};

/// A hole in the token: whoever reads the key waits, inside the module, until it is released.
pub(crate) struct Trap {
    pipe: PathBuf,
    object: PathBuf,
}

impl Trap {
    /// Has a key made, and puts a pipe in the place of its private half's file; none where the token keeps no such files.
    pub(crate) fn set(token: &Token, make: impl FnOnce() -> TokenKey) -> Option<(Self, TokenKey)> {
        let before = walk(&token.directory.join("tokens"));
        let key = make();
        sign(&key, b"known").unwrap();
        // CKA_CLASS, a number, CKO_PRIVATE_KEY.
        let class = [[0; 8], [0, 0, 0, 0, 0, 0, 0, 2], [0, 0, 0, 0, 0, 0, 0, 3]].concat();
        let mut made = walk(&token.directory.join("tokens"));
        made.retain(|file| {
            !before.contains(file)
                && fs::read(file)
                    .unwrap()
                    .windows(24)
                    .any(|part| part == class)
        });
        let [pipe] = made.as_slice() else {
            println!("skipped: the token's keys are not files");
            return None;
        };
        let object = pipe.with_extension("kept");
        fs::rename(pipe, &object).unwrap();
        assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
        Some((
            Self {
                pipe: pipe.clone(),
                object,
            },
            key,
        ))
    }

    pub(crate) fn release(self) {
        // The file is back before those who wait at the pipe go on.
        let pipe = self.pipe.with_extension("pipe");
        fs::rename(&self.pipe, &pipe).unwrap();
        fs::rename(&self.object, &self.pipe).unwrap();
        drop(fs::OpenOptions::new().write(true).open(pipe).unwrap());
    }
}

fn walk(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                walk(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}
