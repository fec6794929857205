//! Whether a signature is what its field demands (ISO 32000-2, 12.7.5.5).

use super::{Error, Request};
use crate::cms::algorithm::DigestAlgorithm;
use crate::pdf::sig_field::SubFilter;
use crate::pdf::sig_field::seed_value::SeedValue;
use crate::x509::Certificate;

/// The seed value dictionaries that are understood: up to that of PDF 2.0.
const VERSION: i64 = 3;

/// What of the request is changed to obey.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Obeyed {
    pub(super) sub_filter: SubFilter,
    pub(super) with_reason: bool,
}

/// Obeys every demand or refuses by its name.
pub(super) fn obey(seed: &SeedValue, request: &Request) -> Result<Obeyed, Error> {
    let demand = |met: bool, constraint| {
        if met {
            Ok(())
        } else {
            Err(Error::SeedValue { constraint })
        }
    };
    let chain = request.signer.chain().certificates();
    demand(
        seed.filter
            .as_deref()
            .is_none_or(|filter| filter == b"Adobe.PPKLite"),
        "Filter",
    )?;
    demand(seed.version.is_none_or(|version| version <= VERSION), "V")?;
    demand(!seed.certification, "MDP")?;
    demand(
        lists(
            seed.digest_methods.as_deref(),
            digest_name(request.signer.algorithm().digest()),
        ),
        "DigestMethod",
    )?;
    let listed = |ders: &Option<Vec<Vec<u8>>>, candidates: &[Certificate]| {
        let lists = |ders: &Vec<Vec<u8>>| {
            candidates
                .iter()
                .any(|one| ders.iter().any(|der| der == one.as_der()))
        };
        ders.as_ref().is_none_or(lists)
    };
    demand(
        listed(&seed.subjects, chain.get(..1).unwrap_or_default()),
        "Cert/Subject",
    )?;
    demand(listed(&seed.issuers, chain), "Cert/Issuer")?;
    if let Some(constraint) = seed.unsupported.first() {
        return Err(Error::SeedValue { constraint });
    }
    Ok(Obeyed {
        sub_filter: sub_filter(seed, request)?,
        with_reason: reason(seed, request)?,
    })
}

/// Some writers put digests in lower case.
fn lists(listed: Option<&[Vec<u8>]>, name: &str) -> bool {
    listed.is_none_or(|listed| {
        listed
            .iter()
            .any(|item| item.eq_ignore_ascii_case(name.as_bytes()))
    })
}

fn sub_filter(seed: &SeedValue, request: &Request) -> Result<SubFilter, Error> {
    [
        request.sub_filter,
        SubFilter::CadesDetached,
        SubFilter::Pkcs7Detached,
    ]
    .into_iter()
    .find(|candidate| lists(seed.sub_filters.as_deref(), candidate.name()))
    .ok_or(Error::SeedValue {
        constraint: "SubFilter",
    })
}

/// Whether the reason is written.
fn reason(seed: &SeedValue, request: &Request) -> Result<bool, Error> {
    match seed.reasons.as_deref() {
        None => Ok(true),
        // No reason may be given.
        Some([]) => Ok(false),
        Some([only]) if only == "." => Ok(false),
        Some(reasons)
            if request
                .reason
                .as_ref()
                .is_some_and(|reason| reasons.contains(reason)) =>
        {
            Ok(true)
        }
        Some(_) => Err(Error::SeedValue {
            constraint: "Reasons",
        }),
    }
}

const fn digest_name(digest: DigestAlgorithm) -> &'static str {
    match digest {
        DigestAlgorithm::Sha256 => "SHA256",
        DigestAlgorithm::Sha384 => "SHA384",
        DigestAlgorithm::Sha512 => "SHA512",
    }
}
