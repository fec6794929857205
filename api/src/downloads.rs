//! Signed documents kept for one download (contract, GET /api/sign/download/{id}).
//!
//! A copy is a file under a key of its own, which lives in memory alone: nothing on the disk can be read once the
//! process has ended, and the directory is wiped at the next start. A copy is handed out once, to the application that
//! signed it, within its time; beyond the total size the oldest goes first.

mod sealed;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::error::Unspecified;
use bytes::Bytes;

use sealed::Key;

/// The wire's `id_dokumen`: 32 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DocumentId(String);

impl DocumentId {
    /// A random one.
    ///
    /// # Errors
    /// When the random generator fails.
    pub fn random() -> Result<Self, Unspecified> {
        let mut bytes = [0; 16];
        aws_lc_rs::rand::fill(&mut bytes)?;
        Ok(Self(
            bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        ))
    }

    /// The id in a path, if it is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == 32 && text.bytes().all(hex)).then(|| Self(text.to_owned()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a copy cannot be kept or given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The cipher failed, or what is on the disk is not what was written.
    #[error("a stored copy cannot be sealed or opened")]
    Cipher(#[from] Unspecified),
    /// The directory failed.
    #[error("the directory of stored copies failed")]
    Directory(#[from] io::Error),
}

/// The copies kept. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Downloads(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    directory: PathBuf,
    ttl: Duration,
    capacity: u64,
    index: Mutex<Index>,
}

#[derive(Debug, Default)]
struct Index {
    copies: HashMap<DocumentId, Copy>,
    /// By age; the number makes equal ages differ.
    ages: BTreeMap<u64, DocumentId>,
    next: u64,
    size: u64,
}

#[derive(Debug)]
struct Copy {
    owner: String,
    key: Key,
    size: u64,
    age: u64,
    expires: Instant,
}

impl Downloads {
    /// Takes a directory over and wipes what an earlier process left in it.
    ///
    /// # Errors
    /// When the directory cannot be made or wiped.
    pub fn open(directory: &Path, ttl: Duration, capacity: u64) -> Result<Self, Error> {
        use std::os::unix::fs::DirBuilderExt;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            // Only what this module wrote: a directory named by mistake keeps its other files.
            if entry
                .file_name()
                .to_str()
                .is_some_and(|name| DocumentId::parse(name).is_some())
            {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(Self(Arc::new(Kept {
            directory: directory.to_owned(),
            ttl,
            capacity,
            index: Mutex::default(),
        })))
    }

    /// Keeps a copy for the application `owner`; blocking. What is larger than everything together is not kept.
    ///
    /// # Errors
    /// When the copy cannot be written.
    pub fn keep(&self, id: &DocumentId, owner: &str, parts: &[Bytes]) -> Result<(), Error> {
        let size = parts.iter().map(|part| part.len() as u64).sum::<u64>();
        if size > self.0.capacity {
            return Ok(());
        }
        self.make_room(size);
        let path = self.path(id);
        let key = sealed::write(&path, parts).inspect_err(|_| drop(fs::remove_file(&path)))?;
        let mut index = self.index();
        let age = index.next;
        index.next = age.saturating_add(1);
        index.size = index.size.saturating_add(size);
        index.ages.insert(age, id.clone());
        let copy = Copy {
            owner: owner.to_owned(),
            key,
            size,
            age,
            expires: Instant::now() + self.0.ttl,
        };
        index.copies.insert(id.clone(), copy);
        Ok(())
    }

    /// Takes a copy out, if `owner` has it and its time is not over; blocking. A second call finds nothing.
    ///
    /// # Errors
    /// When the copy cannot be read.
    pub fn take(&self, id: &DocumentId, owner: &str) -> Result<Option<Vec<u8>>, Error> {
        let taken = {
            let mut index = self.index();
            let due = index
                .copies
                .get(id)
                .is_some_and(|c| c.owner == owner && c.expires > Instant::now());
            due.then(|| index.remove(id)).flatten()
        };
        let Some(copy) = taken else { return Ok(None) };
        let path = self.path(id);
        let content = sealed::read(&path, copy.key, copy.size);
        fs::remove_file(&path)?;
        Ok(Some(content?))
    }

    /// The size of a copy that [`Self::take`] would hand out.
    #[must_use]
    pub fn size(&self, id: &DocumentId, owner: &str) -> Option<u64> {
        self.index()
            .copies
            .get(id)
            .filter(|copy| copy.owner == owner)
            .map(|copy| copy.size)
    }

    /// Drops what has expired; blocking.
    pub fn sweep(&self) {
        let now = Instant::now();
        self.drop_while(|index| {
            let (_, oldest) = index.ages.first_key_value()?;
            index
                .copies
                .get(oldest)
                .is_some_and(|copy| copy.expires <= now)
                .then(|| oldest.clone())
        });
    }

    fn make_room(&self, size: u64) {
        let capacity = self.0.capacity;
        self.drop_while(|index| {
            let full = index.size.saturating_add(size) > capacity;
            full.then(|| index.ages.first_key_value().map(|(_, id)| id.clone()))
                .flatten()
        });
    }

    fn drop_while(&self, which: impl Fn(&Index) -> Option<DocumentId>) {
        loop {
            let id = {
                let mut index = self.index();
                let Some(id) = which(&index) else { return };
                index.remove(&id);
                id
            };
            if let Err(error) = fs::remove_file(self.path(&id)) {
                tracing::warn!(%error, "a stored copy was not removed");
            }
        }
    }

    fn path(&self, id: &DocumentId) -> PathBuf {
        self.0.directory.join(id.as_str())
    }

    fn index(&self) -> std::sync::MutexGuard<'_, Index> {
        self.0.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn remove(&mut self, id: &DocumentId) -> Option<Copy> {
        let copy = self.copies.remove(id)?;
        self.ages.remove(&copy.age);
        self.size = self.size.saturating_sub(copy.size);
        Some(copy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn parts(size: usize) -> [Bytes; 2] {
        let whole: Vec<u8> = (0..size).map(|n| n.to_le_bytes()[0]).collect();
        let whole = Bytes::from(whole);
        [whole.slice(..size / 3), whole.slice(size / 3..)]
    }

    #[test]
    fn once_whole_and_only_to_its_owner() {
        let directory = tempfile::tempdir().unwrap();
        let downloads = Downloads::open(directory.path(), HOUR, 1 << 30).unwrap();
        for size in [0, 1, 100_000, 1 << 20, (1 << 20) + 1, 3_000_000] {
            let id = DocumentId::random().unwrap();
            downloads.keep(&id, "app", &parts(size)).unwrap();
            let stored = fs::read(directory.path().join(id.as_str())).unwrap();
            let plain = parts(size).concat();
            let seen = size > 100 && memchr::memmem::find(&stored, &plain[..64]).is_some();
            assert!(!seen, "encrypted");
            assert_eq!(downloads.take(&id, "other").unwrap(), None);
            assert_eq!(downloads.take(&id, "app").unwrap().unwrap(), plain);
            assert_eq!(downloads.take(&id, "app").unwrap(), None);
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_oldest_goes_first_and_time_ends() {
        let directory = tempfile::tempdir().unwrap();
        let downloads = Downloads::open(directory.path(), HOUR, 250).unwrap();
        let ids: Vec<_> = (0..3).map(|_| DocumentId::random().unwrap()).collect();
        for id in &ids {
            downloads.keep(id, "app", &parts(100)).unwrap();
        }
        assert_eq!(downloads.take(&ids[0], "app").unwrap(), None);
        assert!(downloads.take(&ids[2], "app").unwrap().is_some());
        downloads.keep(&ids[0], "app", &parts(251)).unwrap();
        assert_eq!(
            downloads.size(&ids[0], "app"),
            None,
            "larger than everything together"
        );

        let brief = Downloads::open(directory.path(), Duration::ZERO, 250).unwrap();
        assert_eq!(
            fs::read_dir(directory.path()).unwrap().count(),
            0,
            "wiped at start"
        );
        brief.keep(&ids[0], "app", &parts(10)).unwrap();
        assert_eq!(brief.take(&ids[0], "app").unwrap(), None);
        brief.sweep();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_was_changed_on_the_disk_is_not_handed_out() {
        let directory = tempfile::tempdir().unwrap();
        let downloads = Downloads::open(directory.path(), HOUR, 1 << 20).unwrap();
        let id = DocumentId::random().unwrap();
        downloads.keep(&id, "app", &parts(1000)).unwrap();
        let path = directory.path().join(id.as_str());
        let mut stored = fs::read(&path).unwrap();
        stored[10] ^= 1;
        fs::write(&path, stored).unwrap();
        assert!(matches!(downloads.take(&id, "app"), Err(Error::Cipher(_))));
    }

    #[test]
    fn ids_are_32_lower_case_digits() {
        assert!(DocumentId::parse(DocumentId::random().unwrap().as_str()).is_some());
        for wrong in [
            "",
            "0123",
            &"A".repeat(32),
            &"g".repeat(32),
            "../../../../../../../../etc/pass",
        ] {
            assert_eq!(DocumentId::parse(wrong), None);
        }
    }
}
