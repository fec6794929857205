//! Certificate policies along a path (RFC 5280, 6.1), with any policy acceptable to the user.
//!
//! Only whether some policy is left matters then, so that the tree of the standard is kept as its lowest level.

use const_oid::ObjectIdentifier;

use super::Path;
use crate::asn1::Error;
use crate::certificate::Certificate;
use crate::report::{Check, Findings, SubIndication};

const ANY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32.0");

struct State {
    /// The policies left; any of them may be `anyPolicy`.
    valid: Vec<ObjectIdentifier>,
    explicit: u64,
    mapping: u64,
    any: u64,
}

pub(super) fn check(path: &Path, findings: &mut Findings) {
    let outcome = left(path);
    if outcome != Ok(true) {
        findings.doubt(
            Check::CertificatePath,
            SubIndication::ChainConstraintsFailure,
            if outcome.is_err() {
                "the certificate policies cannot be read"
            } else {
                "a certificate policy is required and none is left"
            },
        );
    }
}

fn left(path: &Path) -> Result<bool, Error> {
    const WITHOUT_END: u64 = u64::MAX;
    let mut state = State {
        valid: vec![ANY],
        explicit: WITHOUT_END,
        mapping: WITHOUT_END,
        any: WITHOUT_END,
    };
    // From below the anchor down to the leaf.
    for (index, certificate) in path.certificates.iter().enumerate().rev().skip(1) {
        state.restrict(certificate, index == 0)?;
        if state.explicit == 0 && state.valid.is_empty() {
            return Ok(false);
        }
        if index > 0 {
            state.prepare(certificate)?;
        } else if certificate.policy_constraints()?.0 == Some(0) && state.valid.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

impl State {
    fn restrict(&mut self, certificate: &Certificate, is_leaf: bool) -> Result<(), Error> {
        let policies = certificate.policies()?;
        let any_allowed = self.any > 0 || (certificate.is_self_issued() && !is_leaf);
        let has_any = any_allowed && policies.contains(&ANY);
        let above_any = self.valid.contains(&ANY);
        let mut next: Vec<ObjectIdentifier> = policies
            .into_iter()
            .filter(|policy| *policy != ANY && (above_any || self.valid.contains(policy)))
            .collect();
        if has_any {
            next.extend(self.valid.iter().copied());
        }
        next.sort_unstable();
        next.dedup();
        self.valid = next;
        Ok(())
    }

    fn prepare(&mut self, certificate: &Certificate) -> Result<(), Error> {
        let mappings = certificate.policy_mappings()?;
        if mappings
            .iter()
            .any(|(one, other)| *one == ANY || *other == ANY)
        {
            return Err(Error("anyPolicy is mapped"));
        }
        let mut next = Vec::new();
        for policy in &self.valid {
            let mapped: Vec<_> = mappings
                .iter()
                .filter(|(issuer, _)| issuer == policy)
                .collect();
            if mapped.is_empty() {
                next.push(*policy);
            } else if self.mapping > 0 {
                next.extend(mapped.iter().map(|(_, subject)| *subject));
            }
        }
        self.valid = next;
        if !certificate.is_self_issued() {
            for counter in [&mut self.explicit, &mut self.mapping, &mut self.any] {
                if *counter != u64::MAX {
                    *counter = counter.saturating_sub(1);
                }
            }
        }
        let (explicit, mapping) = certificate.policy_constraints()?;
        self.explicit = self.explicit.min(explicit.unwrap_or(u64::MAX));
        self.mapping = self.mapping.min(mapping.unwrap_or(u64::MAX));
        self.any = self
            .any
            .min(certificate.inhibit_any_policy()?.unwrap_or(u64::MAX));
        Ok(())
    }
}
