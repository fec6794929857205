//! Who is in the demo: two agencies, an application, people and a seal. None of them exists.

use anyhow::Context as _;
use aws_lc_rs::rand;
use registry::{
    AgencyId, HolderId, Identity, NewApplication, NewSeal, NewSubscriber, Registry, State,
};
use secrecy::{ExposeSecret, SecretString};
use signer::key::KeyKind;

use super::env::Env;

/// Somebody to be made.
struct Person {
    /// Behind `SEGELD_NIK` and `SEGELD_PASSPHRASE`.
    suffix: &'static str,
    name: &'static str,
    /// Sixteen digits that no region begins with.
    nik: &'static str,
    email: &'static str,
    key: KeyKind,
}

const RSA: KeyKind = KeyKind::Rsa { bits: 2048 };
const CUSTODIAN: &str = "arsip@demo.example";

const PEOPLE: [Person; 3] = [
    Person {
        suffix: "",
        name: "Siti Aminah",
        nik: "0000000000000001",
        email: "siti@demo.example",
        key: RSA,
    },
    Person {
        suffix: "_EC",
        name: "Budi Santoso",
        nik: "0000000000000002",
        email: "budi@demo.example",
        key: KeyKind::P256,
    },
    Person {
        suffix: "_REVOKED",
        name: "Dewi Anggraini",
        nik: "0000000000000003",
        email: "dewi@demo.example",
        key: KeyKind::P256,
    },
];
/// Belongs to the other agency: for the demo's application it does not exist.
const FOREIGNER: Person = Person {
    suffix: "_FOREIGN",
    name: "Agus Wijaya",
    nik: "0000000000000004",
    email: "agus@other.example",
    key: KeyKind::P256,
};

/// Makes everybody and notes in `env` how they are reached.
pub(super) async fn settle(registry: &Registry, env: &mut Env) -> anyhow::Result<()> {
    let agency = registry.create_agency("Instansi Demo").await?;
    let application = NewApplication {
        agency,
        name: "Aplikasi Demo".to_owned(),
        addresses: Vec::new(),
    };
    let credential = registry.create_application(application).await?;
    env.set("SEGELD_CLIENT_ID", credential.client_id.clone());
    env.set("SEGELD_CLIENT_SECRET", credential.secret.expose_secret());
    for person in &PEOPLE {
        let holder = enrol(registry, env, agency, person)
            .await
            .with_context(|| person.name)?;
        if person.suffix == "_REVOKED" {
            registry.change_state(holder, State::Revoke).await?;
        }
        if person.suffix.is_empty() {
            env.set("SEGELD_EMAIL", person.email);
        }
    }
    let seal = NewSeal {
        agency,
        name: "Segel Instansi Demo".to_owned(),
        custodian_name: "Rina Kusuma".to_owned(),
        custodian_email: CUSTODIAN.to_owned(),
    };
    let (seal, subscriber_id) = registry.create_seal(seal).await?;
    registry.issue_certificate(seal, RSA).await?;
    registry.grant_seal(seal, credential.application).await?;
    env.set("SEGELD_SEAL", subscriber_id);
    env.set("SEGELD_CUSTODIAN_EMAIL", CUSTODIAN);
    let other = registry.create_agency("Instansi Lain").await?;
    enrol(registry, env, other, &FOREIGNER).await.map(drop)
}

async fn enrol(
    registry: &Registry,
    env: &mut Env,
    agency: AgencyId,
    person: &Person,
) -> anyhow::Result<HolderId> {
    let passphrase = passphrase()?;
    env.set(&format!("SEGELD_NIK{}", person.suffix), person.nik);
    env.set(
        &format!("SEGELD_PASSPHRASE{}", person.suffix),
        passphrase.expose_secret(),
    );
    let identity = Identity {
        nik: Some(person.nik.to_owned()),
        email: Some(person.email.to_owned()),
    };
    let subscriber = NewSubscriber {
        agency,
        identity,
        name: person.name.to_owned(),
        passphrase,
    };
    let holder = registry.create_subscriber(subscriber).await?;
    registry.issue_certificate(holder, person.key).await?;
    Ok(holder)
}

/// A hundred random bits in five groups, which a person can type.
fn passphrase() -> anyhow::Result<SecretString> {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut random = [0; 20];
    rand::fill(&mut random).context("no random bytes")?;
    let letters: Vec<char> = random
        .iter()
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
        .map(|letter| char::from(*letter))
        .collect();
    let groups: Vec<String> = letters
        .chunks(4)
        .map(|group| group.iter().collect())
        .collect();
    Ok(SecretString::from(groups.join("-")))
}
