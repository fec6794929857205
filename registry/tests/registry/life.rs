//! Enrolment, states, and what lies on the disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use registry::{Error, Identity, NewSubscriber, State};
use signer::key::KeyKind;

use crate::harness::*;

#[test]
fn states_change_along_the_table_only() {
    alone("life::states_change_along_the_table_only", async |house| {
        let registry = &house.registry;
        let who = Identity::nik(NIK);
        let status = async || {
            let status = registry.status(&house.application, &who).await;
            status.expect("a status").state
        };
        let refused = async |to| {
            let refused = registry.change_state(house.budi, to).await;
            assert!(
                matches!(refused, Err(Error::Transition { .. })),
                "{to}: {refused:?}"
            );
        };
        registry
            .change_state(house.budi, State::Suspend)
            .await
            .expect("suspended");
        assert_eq!(status().await, State::Suspend);
        registry
            .change_state(house.budi, State::Issue)
            .await
            .expect("lifted");
        assert_eq!(status().await, State::Issue);
        for to in [
            State::New,
            State::NotRegistered,
            State::Issue,
            State::NoCertificate,
        ] {
            refused(to).await;
        }
        registry
            .change_state(house.budi, State::Revoke)
            .await
            .expect("revoked");
        // Only a new certificate leads back.
        refused(State::Issue).await;
        refused(State::Suspend).await;
        assert_eq!(status().await, State::Revoke);
        registry
            .issue_certificate(house.budi, KeyKind::P256)
            .await
            .expect("a certificate");
        assert_eq!(status().await, State::Issue);
        let again = registry.issue_certificate(house.budi, KeyKind::P256).await;
        assert!(matches!(again, Err(Error::Transition { .. })));
    });
}

#[test]
fn data_that_are_not_acceptable_are_refused() {
    alone(
        "life::data_that_are_not_acceptable_are_refused",
        async |house| {
            let create = async |identity, name: &str, passphrase: &str| {
                let new = NewSubscriber {
                    agency: house.agency,
                    identity,
                    name: name.to_owned(),
                    passphrase: passphrase.into(),
                };
                house.registry.create_subscriber(new).await
            };
            let input = [
                create(Identity::nik("317101170845000"), "Siti", PASSPHRASE).await,
                create(Identity::default(), "Siti", PASSPHRASE).await,
                create(Identity::nik("3171011708450003"), " ", PASSPHRASE).await,
                create(Identity::nik("3171011708450003"), "Siti", "pendek").await,
            ];
            for refused in input {
                assert!(matches!(refused, Err(Error::Input { .. })), "{refused:?}");
            }
            for taken in [Identity::nik(NIK), Identity::email(EMAIL)] {
                let refused = create(taken, "Siti", PASSPHRASE).await;
                assert!(matches!(refused, Err(Error::Exists)), "{refused:?}");
            }
            create(Identity::nik("3171011708450003"), "Siti", PASSPHRASE)
                .await
                .expect("a subscriber");
        },
    );
}

#[test]
fn nothing_personal_lies_on_the_disk() {
    alone("life::nothing_personal_lies_on_the_disk", async |house| {
        if std::env::var_os("SEGELD_TEST_POSTGRES").is_some() {
            return;
        }
        house
            .authorise(&Identity::nik(NIK), PASSPHRASE)
            .await
            .expect("an approval");
        let mut files = 0;
        for file in fs::read_dir(&house.directory).expect("a directory") {
            let path = file.expect("a file").path();
            if !path.to_string_lossy().contains("segeld.db") {
                continue;
            }
            files += 1;
            let mode = fs::metadata(&path).expect("a file").permissions().mode();
            assert_eq!(mode & 0o077, 0, "{}", path.display());
            let content = fs::read(&path).expect("a file");
            let secret = secrecy::ExposeSecret::expose_secret(&house.credential.secret);
            for word in [NIK, EMAIL, "Budi Santoso", PASSPHRASE, secret] {
                let found = content
                    .windows(word.len())
                    .any(|part| part == word.as_bytes());
                assert!(!found, "{word} in {}", path.display());
            }
        }
        assert!(files >= 2, "the database and its log");
    });
}

#[test]
fn starting_again_keeps_everything_and_a_lost_key_is_noticed() {
    alone(
        "life::starting_again_keeps_everything_and_a_lost_key_is_noticed",
        async |house| {
            let anchor = house.registry.trust_anchor().await.expect("a root");
            house.registry.close().await;
            let again = house.neighbour().await;
            again.provision().await.expect("all there");
            assert_eq!(
                again.trust_anchor().await.expect("a root").as_der(),
                anchor.as_der()
            );
            let application = enter(&again, &house.credential).await;
            authorise(&again, &application, &Identity::email(EMAIL), PASSPHRASE)
                .await
                .expect("an approval");
            assert!(matches!(
                again.create_agency("Dinas Uji").await,
                Err(Error::Exists)
            ));
            assert_eq!(
                again.agency("Dinas Uji").await.expect("an answer"),
                Some(house.agency)
            );

            let chain = again
                .issue_tls_server(
                    approval_key(&again, &application)
                        .await
                        .identity()
                        .public_key(),
                    vec!["localhost".to_owned()],
                    vec![PEER],
                )
                .await
                .expect("a certificate");
            assert_eq!(
                chain.leaf().subject_common_name().as_deref(),
                Some("localhost")
            );
        },
    );
}

async fn approval_key(
    registry: &registry::Registry,
    application: &registry::Application,
) -> registry::Approval {
    let proof = registry::Proof::Passphrase(PASSPHRASE.into());
    let who = Identity::email(EMAIL);
    let approval = registry.authorise(application, &who, proof, 1).await;
    approval.expect("an approval")
}
