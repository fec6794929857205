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

            let signed = SignatureRecord {
                request_id: "1".to_owned(),
                application: house.application.id(),
                holder: Some(house.budi),
                document_id: Some("0".repeat(32)),
                document_digest: Some([1; 32]),
                document_size: Some(5),
                outcome: Outcome::Signed,
            };
            let refused = SignatureRecord {
                holder: None,
                document_id: None,
                document_digest: None,
                document_size: None,
                outcome: Outcome::NotRegistered,
                ..signed.clone()
            };
            let mut lines = vec![signed; 50];
            lines.extend([refused.clone(), refused]);
            house.registry.record(lines).await.expect("durable");
            assert_eq!(
                count(&house, "signature_record WHERE holder IS NULL").await,
                2
            );
            assert_eq!(
                count(&house, "signature_record WHERE document_size = 5").await,
                50
            );
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

#[test]
fn certificates_that_are_out_of_their_time_never_sign() {
    alone(
        "custody::certificates_that_are_out_of_their_time_never_sign",
        async |house| {
            let who = Identity::nik(NIK);
            house
                .authorise(&who, PASSPHRASE)
                .await
                .expect("an approval");
            for (sql, state) in [
                (
                    "UPDATE certificate SET not_before = 4102444800000",
                    State::NoCertificate,
                ),
                (
                    "UPDATE certificate SET not_before = 0, not_after = 1",
                    State::Expired,
                ),
            ] {
                tamper(&house, sql).await;
                let status = house.registry.status(&house.application, &who).await;
                assert_eq!(status.expect("a status").state, state);
                let refused = house.authorise(&who, PASSPHRASE).await;
                let Err(Refusal::CertificateNotUsable { status }) = refused else {
                    panic!("{refused:?}");
                };
                assert_eq!(status, state);
            }
            let lifted = house.registry.change_state(house.budi, State::Issue).await;
            assert!(lifted.is_err());
            house
                .registry
                .issue_certificate(house.budi, KeyKind::P256)
                .await
                .expect("a new one");
            house
                .authorise(&who, PASSPHRASE)
                .await
                .expect("an approval");
        },
    );
}

/// A house with a second person that may sign.
async fn with_siti(house: &House) -> Identity {
    let siti = Identity::nik("3171011708450003");
    let new = NewSubscriber {
        agency: house.agency,
        identity: siti.clone(),
        name: "Siti".to_owned(),
        passphrase: SITI.into(),
    };
    let holder = house
        .registry
        .create_subscriber(new)
        .await
        .expect("a subscriber");
    house
        .registry
        .issue_certificate(holder, KeyKind::P256)
        .await
        .expect("a certificate");
    siti
}

const SITI: &str = "Rahasia-Siti-2";

#[test]
fn anothers_key_or_certificate_in_a_persons_place_signs_nothing() {
    alone(
        "custody::anothers_key_or_certificate_in_a_persons_place_signs_nothing",
        async |house| {
            let siti = with_siti(&house).await;
            // Everybody gets one person's; it goes on working for that person only.
            for sql in [
                "UPDATE certificate SET key_id = (SELECT key_id FROM certificate ORDER BY id LIMIT 1)",
                "UPDATE holder SET certificate = (SELECT id FROM certificate ORDER BY id LIMIT 1)",
                "UPDATE certificate SET chain_sealed = \
             (SELECT chain_sealed FROM certificate ORDER BY id LIMIT 1)",
            ] {
                tamper(&house, sql).await;
                let registry = house.neighbour().await;
                let mut approvals = 0;
                for (who, word) in [(&siti, SITI), (&Identity::nik(NIK), PASSPHRASE)] {
                    match authorise(&registry, &house.application, who, word).await {
                        Ok(()) => approvals += 1,
                        Err(Refusal::Failed(_) | Refusal::CertificateNotUsable { .. }) => {}
                        other => panic!("{other:?}"),
                    }
                }
                assert_eq!(approvals, 1, "{sql}");
            }
        },
    );
}

#[test]
fn anothers_envelope_in_a_persons_place_stays_closed() {
    alone(
        "custody::anothers_envelope_in_a_persons_place_stays_closed",
        async |house| {
            let siti = with_siti(&house).await;
            tamper(
                &house,
                "UPDATE envelope SET salt = (SELECT salt FROM envelope ORDER BY holder LIMIT 1), \
             nonce = (SELECT nonce FROM envelope ORDER BY holder LIMIT 1), \
             ciphertext = (SELECT ciphertext FROM envelope ORDER BY holder LIMIT 1)",
            )
            .await;
            let mut right = 0;
            for who in [&siti, &Identity::nik(NIK)] {
                for word in [SITI, PASSPHRASE] {
                    match house.authorise(who, word).await {
                        Err(Refusal::WrongPassphrase) => {}
                        Ok(()) => right += 1,
                        other => panic!("{other:?}"),
                    }
                }
            }
            assert_eq!(right, 1);
        },
    );
}
