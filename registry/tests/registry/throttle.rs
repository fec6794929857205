//! Guessing is counted, slowed down, and never confused with being right.

use std::sync::Arc;
use std::time::Duration;

use registry::{Identity, Refusal};
use tokio::task::JoinSet;

use crate::harness::*;

#[test]
fn a_hundred_wrong_guesses_at_once_are_five() {
    alone(
        "throttle::a_hundred_wrong_guesses_at_once_are_five",
        async |house| {
            let house = Arc::new(house);
            let neighbour = house.neighbour().await;
            let mut guesses = JoinSet::new();
            for number in 0..100 {
                let house = Arc::clone(&house);
                let registry = if number % 2 == 0 {
                    house.registry.clone()
                } else {
                    neighbour.clone()
                };
                guesses.spawn(async move {
                    let who = Identity::nik(NIK);
                    let word = format!("salah {number}");
                    authorise(&registry, &house.application, &who, &word).await
                });
            }
            let (mut wrong, mut locked) = (0, 0);
            while let Some(outcome) = guesses.join_next().await {
                match outcome.expect("a guess") {
                    Err(Refusal::WrongPassphrase) => wrong += 1,
                    Err(Refusal::Locked { retry_after }) => {
                        assert!(retry_after <= Duration::from_secs(30));
                        locked += 1;
                    }
                    Err(Refusal::Busy) => {}
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(wrong, 5);
            assert!(locked > 0);
            // The right one does not open while locked, and a restart does not help.
            let restarted = house.neighbour().await;
            for registry in [&house.registry, &restarted] {
                let refused = authorise(
                    registry,
                    &house.application,
                    &Identity::nik(NIK),
                    PASSPHRASE,
                )
                .await;
                assert!(
                    matches!(refused, Err(Refusal::Locked { .. })),
                    "{refused:?}"
                );
            }
        },
    );
}

#[test]
fn right_passphrases_at_once_are_all_right() {
    alone(
        "throttle::right_passphrases_at_once_are_all_right",
        async |house| {
            let mut settings = activation();
            settings.remember = Duration::ZERO;
            let registry = open(&house.directory, settings, &house.hsm).await;
            let application = enter(&registry, &house.credential).await;
            let mut signers = JoinSet::new();
            for _ in 0..20 {
                let (registry, application) = (registry.clone(), application.clone());
                signers.spawn(async move {
                    authorise(&registry, &application, &Identity::nik(NIK), PASSPHRASE).await
                });
            }
            while let Some(outcome) = signers.join_next().await {
                outcome.expect("a caller").expect("an approval");
            }
            // Four wrong ones, then a right one: the count starts again.
            for _ in 0..3 {
                for _ in 0..4 {
                    let refused = house.authorise(&Identity::nik(NIK), "salah").await;
                    assert!(matches!(refused, Err(Refusal::WrongPassphrase)));
                }
                house
                    .authorise(&Identity::nik(NIK), PASSPHRASE)
                    .await
                    .expect("an approval");
            }
        },
    );
}

#[test]
fn locks_end_and_grow() {
    alone("throttle::locks_end_and_grow", async |house| {
        let mut settings = activation();
        settings.lock_after = 2;
        settings.lock = Duration::from_millis(300);
        settings.lock_max = Duration::from_millis(1000);
        let registry = open(&house.directory, settings, &house.hsm).await;
        let siti = Identity::nik("3171011708450003");
        let holder = person(&registry, house.agency, siti.clone()).await;
        registry
            .issue_certificate(holder, signer::key::KeyKind::P256)
            .await
            .expect("a certificate");
        let guess = async |word| authorise(&registry, &house.application, &siti, word).await;
        let lock = async || match guess("salah").await {
            Err(Refusal::Locked { retry_after }) => retry_after,
            other => panic!("{other:?}"),
        };
        assert!(matches!(
            guess("salah").await,
            Err(Refusal::WrongPassphrase)
        ));
        for longest in [300, 600, 1000, 1000] {
            assert!(matches!(
                guess("salah").await,
                Err(Refusal::WrongPassphrase)
            ));
            let left = lock().await;
            assert!(left <= Duration::from_millis(longest), "{left:?}");
            assert!(left > Duration::from_millis(longest / 3), "{left:?}");
            tokio::time::sleep(left + Duration::from_millis(20)).await;
        }
        guess(PASSPHRASE).await.expect("an approval");
        assert!(matches!(
            guess("salah").await,
            Err(Refusal::WrongPassphrase)
        ));
        guess(PASSPHRASE).await.expect("an approval");
    });
}
