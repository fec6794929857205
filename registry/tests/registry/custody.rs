//! Approvals: what they release, how often, and until when.

use registry::{Identity, NewSubscriber, Outcome, Proof, Refusal, SignatureRecord, State};
use signer::key::KeyKind;

use crate::harness::*;

#[test]
fn an_approval_releases_so_many_signatures_of_one_key() {
    alone(
        "custody::an_approval_releases_so_many_signatures_of_one_key",
        async |house| {
            let proof = Proof::Passphrase(PASSPHRASE.into());
            let who = Identity::nik(NIK);
            let approval = house
                .registry
                .authorise(&house.application, &who, proof, 2)
                .await;
            let mut approval = approval.expect("an approval");
            assert_eq!(approval.holder(), house.budi);
            assert_eq!(approval.holder_name().as_deref(), Some("Budi Santoso"));
            let identity = approval.identity();
            // Side by side, as a batch asks.
            let first = approval.sign(b"first".to_vec(), soon());
            let second = approval.sign(b"second".to_vec(), soon());
            let third = approval.sign(b"third".to_vec(), soon());
            let (first, second, third) = tokio::join!(first, second, third);
            assert!(
                first
                    .expect("a signature")
                    .is_for(identity.public_key(), b"first")
            );
            assert!(
                second
                    .expect("a signature")
                    .is_for(identity.public_key(), b"second")
            );
            assert!(matches!(third, Err(Refusal::Exhausted)));
            assert_eq!(approval.remaining(), 0);
            let anchor = house.registry.trust_anchor().await.expect("a root");
            let root = identity.chain().certificates().last().expect("a root");
            assert_eq!(root.as_der(), anchor.as_der());

            let line = SignatureRecord {
                request_id: "1".to_owned(),
                application: house.application.id(),
                holder: Some(house.budi),
                document_id: Some("0".repeat(32)),
                document_digest: Some([1; 32]),
                document_size: Some(5),
                outcome: Outcome::Signed,
            };
            house.registry.record(vec![line; 3]).await.expect("durable");
        },
    );
}

#[test]
fn refusals_come_in_the_contracts_order() {
    alone(
        "custody::refusals_come_in_the_contracts_order",
        async |house| {
            let registry = &house.registry;
            let nobody = house
                .authorise(&Identity::nik("3171011708450009"), "wrong")
                .await;
            assert!(matches!(nobody, Err(Refusal::NotRegistered)));
            let who = Identity::nik(NIK);
            let wrong = house.authorise(&who, "wrong").await;
            assert!(matches!(wrong, Err(Refusal::WrongPassphrase)));
            house
                .authorise(&who, PASSPHRASE)
                .await
                .expect("an approval");

            let siti = Identity::nik("3171011708450003");
            person(registry, house.agency, siti.clone()).await;
            let bare = house.authorise(&siti, "wrong").await;
            assert!(matches!(
                bare,
                Err(Refusal::CertificateNotUsable {
                    status: State::NoCertificate
                })
            ));

            // Revoked on one daemon, refused by the other at its next request, remembered passphrase or not.
            let neighbour = house.neighbour().await;
            let there = enter(&neighbour, &house.credential).await;
            authorise(&neighbour, &there, &who, PASSPHRASE)
                .await
                .expect("an approval");
            registry
                .change_state(house.budi, State::Revoke)
                .await
                .expect("revoked");
            for word in [PASSPHRASE, "wrong"] {
                let refused = authorise(&neighbour, &there, &who, word).await;
                assert!(matches!(
                    refused,
                    Err(Refusal::CertificateNotUsable {
                        status: State::Revoke
                    })
                ));
            }
            // A new certificate brings the holder back, with another key.
            registry
                .issue_certificate(house.budi, KeyKind::P384)
                .await
                .expect("a certificate");
            house
                .authorise(&who, PASSPHRASE)
                .await
                .expect("an approval");
            neighbour.close().await;
        },
    );
}

#[test]
fn every_kind_of_key_gets_a_certificate_and_signs() {
    alone(
        "custody::every_kind_of_key_gets_a_certificate_and_signs",
        async |house| {
            let kinds = [
                KeyKind::Rsa { bits: 2048 },
                KeyKind::Rsa { bits: 3072 },
                KeyKind::P256,
                KeyKind::P384,
                KeyKind::Ed25519,
            ];
            for (number, kind) in kinds.into_iter().enumerate() {
                let who = Identity::nik(format!("317101170845010{number}"));
                let new = NewSubscriber {
                    agency: house.agency,
                    identity: who.clone(),
                    name: format!("Orang {number}"),
                    passphrase: PASSPHRASE.into(),
                };
                let holder = house
                    .registry
                    .create_subscriber(new)
                    .await
                    .expect("a subscriber");
                house
                    .registry
                    .issue_certificate(holder, kind)
                    .await
                    .expect("a certificate");
                let proof = Proof::Passphrase(PASSPHRASE.into());
                let approval = house
                    .registry
                    .authorise(&house.application, &who, proof, 1)
                    .await;
                let mut approval = approval.expect("an approval");
                let signature = approval
                    .sign(b"message".to_vec(), soon())
                    .await
                    .expect("a signature");
                assert!(signature.is_for(approval.identity().public_key(), b"message"));
            }
        },
    );
}
