//! One sealed file: AES-256-GCM in pieces, under a random key that is used for this file alone.
//!
//! Pieces are numbered in their nonces, and the length of the whole is known to the reader, so that none can be left
//! out, repeated or moved. Writing copies no more than a piece of the document.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, MAX_TAG_LEN, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use bytes::Bytes;
use zeroize::Zeroizing;

use super::Error;

/// Bytes sealed at once.
const PIECE: usize = 1024 * 1024;

/// The key of one file.
#[derive(Debug)]
pub(super) struct Key(Zeroizing<[u8; 32]>);

impl Key {
    fn random() -> Result<Self, Unspecified> {
        let mut key = Zeroizing::new([0; 32]);
        aws_lc_rs::rand::fill(key.as_mut_slice())?;
        Ok(Self(key))
    }

    fn cipher(&self) -> Result<LessSafeKey, Unspecified> {
        Ok(LessSafeKey::new(UnboundKey::new(
            &AES_256_GCM,
            self.0.as_slice(),
        )?))
    }
}

fn nonce(piece: u64) -> Nonce {
    let mut nonce = [0; 12];
    if let Some(counter) = nonce.last_chunk_mut::<8>() {
        *counter = piece.to_be_bytes();
    }
    Nonce::assume_unique_for_key(nonce)
}

/// Writes the concatenation of `parts` to a new file.
pub(super) fn write(path: &Path, parts: &[Bytes]) -> Result<Key, Error> {
    let key = Key::random()?;
    let cipher = key.cipher()?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let mut source: Vec<&[u8]> = parts.iter().rev().map(Bytes::as_ref).collect();
    let whole: usize = parts.iter().map(Bytes::len).sum();
    let mut buffer = Vec::with_capacity(whole.min(PIECE) + MAX_TAG_LEN);
    let mut number = 0;
    while let Some(next) = source.pop() {
        let room = PIECE.saturating_sub(buffer.len());
        let (now, later) = next.split_at(next.len().min(room));
        buffer.extend_from_slice(now);
        if !later.is_empty() {
            source.push(later);
        }
        if buffer.len() == PIECE || source.is_empty() {
            cipher.seal_in_place_append_tag(nonce(number), Aad::empty(), &mut buffer)?;
            file.write_all(&buffer)?;
            buffer.clear();
            number += 1;
        }
    }
    Ok(key)
}

/// Reads `size` bytes back.
pub(super) fn read(path: &Path, key: Key, size: u64) -> Result<Vec<u8>, Error> {
    let cipher = key.cipher()?;
    let mut file = File::open(path)?;
    let size = usize::try_from(size).map_err(|_| Unspecified)?;
    let mut whole = Vec::with_capacity(size);
    let mut buffer = vec![0; size.min(PIECE) + MAX_TAG_LEN];
    let mut number = 0;
    while whole.len() < size {
        let piece = buffer
            .get_mut(..(size - whole.len()).min(PIECE) + MAX_TAG_LEN)
            .ok_or(Unspecified)?;
        file.read_exact(piece)?;
        whole.extend_from_slice(cipher.open_in_place(nonce(number), Aad::empty(), piece)?);
        number += 1;
    }
    Ok(whole)
}
