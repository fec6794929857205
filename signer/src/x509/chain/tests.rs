use super::*;
use crate::{
    cms::algorithm::SignatureAlgorithm,
    key::testing::MemoryKey,
    x509::{
        issue::{Profile, Subject},
        testing::{Authorities, openssl},
    },
};

fn chain() -> (Authorities, Vec<Certificate>) {
    let authorities = Authorities::new(SignatureAlgorithm::EcdsaP256Sha256);
    let key = MemoryKey::generate(SignatureAlgorithm::EcdsaP256Sha256);
    let chain = authorities.chain(&Profile::Signer, &Subject::named("Budi"), &key);
    let certificates = chain.certificates().to_vec();
    (authorities, certificates)
}

#[test]
fn every_link_must_hold() {
    let (_, good) = chain();
    let (_, other) = chain();
    let [leaf, issuing, root] = good.as_slice() else {
        panic!("not three certificates")
    };

    Chain::new(vec![leaf.clone()]).unwrap();
    Chain::new(vec![issuing.clone(), root.clone()]).unwrap();
    assert!(matches!(Chain::new(vec![]), Err(Error::Empty)));
    assert!(matches!(
        Chain::new(vec![root.clone(); 11]),
        Err(Error::Limit { .. })
    ));
    let skipping = Chain::new(vec![leaf.clone(), root.clone()]);
    assert!(matches!(
        skipping,
        Err(Error::NotIssuedByNext { position: 0 })
    ));
    // The same names, other keys.
    let foreign = Chain::new(vec![leaf.clone(), other[1].clone(), root.clone()]);
    assert!(matches!(
        foreign,
        Err(Error::NotSignedByNext { position: 0, .. })
    ));
    let foreign = Chain::new(vec![leaf.clone(), issuing.clone(), other[2].clone()]);
    assert!(matches!(
        foreign,
        Err(Error::NotSignedByNext { position: 1, .. })
    ));
}

#[test]
fn a_chain_made_by_openssl_is_read_and_its_faults_are_found() {
    let directory = tempfile::tempdir().unwrap();
    let run = |arguments: &str| {
        let (good, text) = openssl(directory.path(), &arguments.split(' ').collect::<Vec<_>>());
        assert!(good, "{arguments}: {text}");
    };
    let read = |names: &[&str]| {
        let text: String = names
            .iter()
            .map(|name| std::fs::read_to_string(directory.path().join(name)).unwrap())
            .collect();
        Chain::from_pem(&text)
    };
    run("genrsa -out ca.key 3072");
    run(
        "req -x509 -new -key ca.key -subj /CN=CA -days 30 -sha512 -out ca \
         -addext keyUsage=critical,keyCertSign,cRLSign",
    );
    run(
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout leaf.key -subj /C=ID/CN=Leaf -out leaf.csr",
    );
    let sign = "x509 -req -in leaf.csr -CA ca -CAkey ca.key -CAcreateserial -days 3";
    for (digest, accepted) in [
        ("-sha256", true),
        ("-sha384", true),
        (
            "-sha512 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:64",
            true,
        ),
        (
            "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:20",
            false,
        ),
        ("-sha1", false),
    ] {
        run(&format!("{sign} {digest} -out leaf"));
        let outcome = read(&["leaf", "ca"]);
        assert_eq!(outcome.is_ok(), accepted, "{digest}: {outcome:?}");
    }
    run(&format!("{sign} -out leaf"));

    // The same authority with a certificate that does not make it one.
    run(
        "req -x509 -new -key ca.key -subj /CN=CA -days 30 -out no_ca -addext basicConstraints=critical,CA:FALSE",
    );
    run(
        "req -x509 -new -key ca.key -subj /CN=CA -days 30 -out no_sign -addext keyUsage=critical,digitalSignature",
    );
    for authority in ["no_ca", "no_sign"] {
        assert!(
            matches!(
                read(&["leaf", authority]),
                Err(Error::NotAnAuthority { position: 1, .. })
            ),
            "{authority}"
        );
    }
    run("genrsa -out weak.key 1024");
    run("req -x509 -new -key weak.key -subj /CN=CA -days 30 -out weak");
    assert!(matches!(read(&["leaf", "weak"]), Err(Error::Key(_))));
}

#[test]
fn a_path_length_counts_the_authorities_below() {
    let directory = tempfile::tempdir().unwrap();
    let run = |arguments: &str| {
        let (good, text) = openssl(directory.path(), &arguments.split(' ').collect::<Vec<_>>());
        assert!(good, "{arguments}: {text}");
    };
    let file = |name: &str| directory.path().join(name);
    for (name, length) in [("zero", ",pathlen:0"), ("one", ",pathlen:1"), ("any", "")] {
        std::fs::write(
            file(name),
            format!("basicConstraints=critical,CA:TRUE{length}\n"),
        )
        .unwrap();
    }
    let new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    run(&format!(
        "req -x509 -new {new} -keyout k0 -subj /CN=0 -days 9 -out c0 -addext keyUsage=keyCertSign"
    ));
    for (child, parent) in [(1, 0), (2, 1), (3, 2)] {
        run(&format!(
            "req -new {new} -keyout k{child} -subj /CN={child} -out r{child}"
        ));
        for limits in ["zero", "one", "any"] {
            let suffix = if limits == "any" { "" } else { limits };
            run(&format!(
                "x509 -req -in r{child} -CA c{parent} -CAkey k{parent} -CAcreateserial -extfile {limits} -out c{child}{suffix}"
            ));
        }
    }
    let read = |names: [&str; 4]| {
        let text: String = names
            .iter()
            .map(|name| std::fs::read_to_string(file(name)).unwrap())
            .collect();
        Chain::from_pem(&text)
    };
    read(["c3", "c2zero", "c1one", "c0"]).unwrap();
    assert!(matches!(
        read(["c3", "c2", "c1zero", "c0"]),
        Err(Error::NotAnAuthority { position: 2, .. })
    ));
}
