//! Passphrases that were right a moment ago, so that a bulk caller pays Argon2id once.
//!
//! What is kept is no passphrase but an HMAC of it under a key of this process alone, bound to application,
//! holder and the holder's `key_epoch`: after a revocation or a change of passphrase, on whichever daemon, the tag
//! no longer answers.

use std::fmt;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use secrecy::{ExposeSecret, SecretString};

use crate::cache::Cache;
use crate::error::Error;
use crate::id::{ApplicationId, HolderId, random};

/// Passphrases remembered at once.
const CAPACITY: usize = 16_384;

/// What a remembered passphrase is found by.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Tag([u8; 32]);

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tag")
    }
}

/// Tags of passphrases that were right, and until when they are believed.
#[derive(Debug)]
pub(crate) struct Remembered {
    key: hmac::Key,
    lifetime: Duration,
    tags: Cache<Tag, Instant>,
}

impl Remembered {
    pub(crate) fn new(lifetime: Duration) -> Result<Self, Error> {
        let key = zeroize::Zeroizing::new(random::<32>()?);
        Ok(Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &*key),
            lifetime,
            tags: Cache::new(CAPACITY),
        })
    }

    pub(crate) fn tag(
        &self,
        application: ApplicationId,
        holder: HolderId,
        key_epoch: i64,
        passphrase: &SecretString,
    ) -> Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(application.as_bytes());
        context.update(holder.as_bytes());
        context.update(&key_epoch.to_be_bytes());
        context.update(passphrase.expose_secret().as_bytes());
        let mut tag = [0; 32];
        for (out, byte) in tag.iter_mut().zip(context.sign().as_ref()) {
            *out = *byte;
        }
        Tag(tag)
    }

    pub(crate) fn holds(&self, tag: &Tag) -> bool {
        self.tags
            .get(tag)
            .is_some_and(|until| Instant::now() < until)
    }

    pub(crate) fn put(&self, tag: Tag) {
        if !self.lifetime.is_zero() {
            self.tags.insert(tag, Instant::now() + self.lifetime);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Remembered;
    use crate::id::{ApplicationId, HolderId};

    #[test]
    fn only_the_same_passphrase_of_the_same_everything_is_remembered() {
        let remembered = Remembered::new(Duration::from_mins(1)).unwrap();
        let application = ApplicationId::random().unwrap();
        let holder = HolderId::random().unwrap();
        let tag = |epoch, word: &str| remembered.tag(application, holder, epoch, &word.into());
        remembered.put(tag(1, "right"));
        assert!(remembered.holds(&tag(1, "right")));
        assert!(!remembered.holds(&tag(1, "wrong")));
        assert!(!remembered.holds(&tag(2, "right")));
        let other = ApplicationId::random().unwrap();
        assert!(!remembered.holds(&remembered.tag(other, holder, 1, &"right".into())));

        let never = Remembered::new(Duration::ZERO).unwrap();
        let tag = never.tag(application, holder, 1, &"right".into());
        never.put(tag.clone());
        assert!(!never.holds(&tag));
    }
}
