//! The demo's TLS certificate: for localhost, by its own authority, for a key that lies in a file.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::Context as _;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use jiff::{SignedDuration, Timestamp};
use registry::Registry;
use signer::key::PublicKey;
use signer::x509::Chain;
use zeroize::Zeroizing;

use super::house::House;

/// A certificate that has less time left is renewed.
const RENEWAL: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Makes a key and has it certified for localhost and the address that is listened on.
pub(super) async fn issue(house: &House, registry: &Registry, ip: IpAddr) -> anyhow::Result<()> {
    let pair =
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).context("cannot make a TLS key")?;
    let public: PublicKeyX509Der<'_> = pair
        .public_key()
        .as_der()
        .context("cannot encode the TLS key")?;
    let public = PublicKey::from_spki(public.as_ref())?;
    let mut ips = vec![
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::LOCALHOST),
    ];
    if !ip.is_unspecified() && !ips.contains(&ip) {
        ips.push(ip);
    }
    let chain = registry
        .issue_tls_server(&public, vec!["localhost".to_owned()], ips)
        .await?;
    let key = pair.to_pkcs8v1().context("cannot encode the TLS key")?;
    house.write(house.path("tls.key"), private_pem(key.as_ref()).as_bytes())?;
    house.write(house.path("tls.pem"), chain.pem().as_bytes())
}

/// Whether the certificate has little time left.
pub(super) fn is_expiring(house: &House) -> anyhow::Result<bool> {
    let text = fs::read_to_string(house.path("tls.pem")).context("cannot read tls.pem")?;
    let chain = Chain::from_pem(&text).context("tls.pem holds no chain")?;
    Ok(chain.leaf().not_after().duration_since(Timestamp::now()) < RENEWAL)
}

/// RFC 7468, section 10.
fn private_pem(der: &[u8]) -> Zeroizing<String> {
    let encoded = Zeroizing::new(base64_simd::STANDARD.encode_to_string(der));
    let mut pem = Zeroizing::new(String::with_capacity(encoded.len() + 128));
    pem.push_str("-----BEGIN PRIVATE KEY-----\n");
    for (index, character) in encoded.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str("\n-----END PRIVATE KEY-----\n");
    pem
}
