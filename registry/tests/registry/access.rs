//! Who is let in, and whom it may know.

use registry::{AuthError, Identity, NewApplication, NewSeal, Refusal, State};

use crate::harness::*;

#[test]
fn applications_enter_by_secret_and_address() {
    alone(
        "access::applications_enter_by_secret_and_address",
        async |house| {
            let registry = &house.registry;
            let credential = &house.credential;
            let enter = async |client: &str, secret: &str, peer: &str| {
                let peer = peer.parse().expect("an address");
                registry.authenticate(client, &secret.into(), peer).await
            };
            for (client, secret) in [
                (&*credential.client_id, "wrong"),
                ("app-nobody", "wrong"),
                ("", ""),
            ] {
                for _ in 0..2 {
                    let refused = enter(client, secret, "127.0.0.1").await;
                    assert!(matches!(refused, Err(AuthError::Credentials)));
                }
            }
            let tied = registry
                .create_application(NewApplication {
                    agency: house.agency,
                    name: "Dari dalam saja".to_owned(),
                    addresses: vec!["10.0.0.0/8".parse().expect("a range")],
                })
                .await
                .expect("an application");
            let secret = secrecy::ExposeSecret::expose_secret(&tied.secret);
            assert_eq!(secret.len(), 64);
            assert!(
                enter(&tied.client_id, secret, "::ffff:10.1.2.3")
                    .await
                    .is_ok()
            );
            let outside = enter(&tied.client_id, secret, "11.1.2.3").await;
            assert!(matches!(outside, Err(AuthError::Address)));

            registry
                .enable_application(&tied.client_id, false)
                .await
                .expect("known");
            let disabled = enter(&tied.client_id, secret, "10.1.2.3").await;
            assert!(matches!(disabled, Err(AuthError::Disabled)));
            // Whoever does not know the secret does not learn that it is disabled either.
            let guessed = enter(&tied.client_id, "wrong", "10.1.2.3").await;
            assert!(matches!(guessed, Err(AuthError::Credentials)));
            registry
                .enable_application(&tied.client_id, true)
                .await
                .expect("known");
            assert!(enter(&tied.client_id, secret, "10.1.2.3").await.is_ok());
        },
    );
}

#[test]
fn what_is_out_of_scope_does_not_exist() {
    alone(
        "access::what_is_out_of_scope_does_not_exist",
        async |house| {
            let registry = &house.registry;
            let status = async |who: &Identity| {
                let status = registry.status(&house.application, who).await;
                status.expect("a status").state
            };
            let nik = |nik: &str| Identity::nik(nik);
            assert_eq!(status(&nik(NIK)).await, State::Issue);
            assert_eq!(status(&nik(" 3171011708450001 ")).await, State::Issue);
            assert_eq!(
                status(&Identity::email("Budi@Instansi.GO.ID")).await,
                State::Issue
            );

            let both = |nik: &str, email: &str| Identity {
                nik: Some(nik.to_owned()),
                email: Some(email.to_owned()),
            };
            assert_eq!(status(&both(NIK, EMAIL)).await, State::Issue);
            let unknown = State::NotRegistered;
            for nobody in [
                nik("3171011708450002"),
                nik(""),
                nik(&"1".repeat(100_000)),
                Identity::default(),
                both(NIK, "siti@instansi.go.id"),
                both("3171011708450002", EMAIL),
            ] {
                assert_eq!(status(&nobody).await, unknown);
            }

            // The same person, registered with another agency, is another holder there.
            let other = registry
                .create_agency("Dinas Lain")
                .await
                .expect("an agency");
            let elsewhere = application(registry, other, "Persuratan").await;
            let elsewhere = enter(registry, &elsewhere).await;
            let seen = registry
                .status(&elsewhere, &nik(NIK))
                .await
                .expect("a status");
            assert_eq!(seen.state, unknown);
            let refused = authorise(registry, &elsewhere, &nik(NIK), PASSPHRASE).await;
            assert!(matches!(refused, Err(Refusal::NotRegistered)));
            assert!(
                registry
                    .certificate_chain(&elsewhere, &nik(NIK))
                    .await
                    .expect("an answer")
                    .is_none()
            );
            person(registry, other, nik(NIK)).await;
            let seen = registry
                .status(&elsewhere, &nik(NIK))
                .await
                .expect("a status");
            assert_eq!(seen.state, State::NoCertificate);
            assert_eq!(status(&nik(NIK)).await, State::Issue);
        },
    );
}

#[test]
fn seals_are_reached_by_grant_only() {
    alone("access::seals_are_reached_by_grant_only", async |house| {
        let registry = &house.registry;
        let (seal, id) = registry
            .create_seal(NewSeal {
                agency: house.agency,
                name: "Segel Dinas Uji".to_owned(),
                custodian_name: "Siti".to_owned(),
                custodian_email: "siti@instansi.go.id".to_owned(),
            })
            .await
            .expect("a seal");
        let kind = signer::key::KeyKind::Rsa { bits: 2048 };
        registry
            .issue_certificate(seal, kind)
            .await
            .expect("a certificate");
        let chain = async || {
            let chain = registry
                .seal_certificate_chain(&house.application, &id)
                .await;
            chain.expect("an answer")
        };
        assert!(chain().await.is_none());
        registry
            .grant_seal(seal, house.application.id())
            .await
            .expect("one agency");
        registry
            .grant_seal(seal, house.application.id())
            .await
            .expect("granting twice is granting");
        let found = chain().await.expect("a chain");
        assert_eq!(found.certificates().len(), 3);
        assert_eq!(
            found.leaf().subject_common_name().as_deref(),
            Some("Segel Dinas Uji")
        );

        let other = registry
            .create_agency("Dinas Lain")
            .await
            .expect("an agency");
        let stranger = application(registry, other, "Persuratan").await;
        let granted = registry.grant_seal(seal, stranger.application).await;
        assert!(matches!(granted, Err(registry::Error::Unknown)));
    });
}
