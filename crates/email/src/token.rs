//! Keyed return paths: a bounce counts only when it comes to an address that the gateway made.

use causeway_core::envelope::EnvelopeId;
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt;
use subtle::ConstantTimeEq;

/// The secrets that sign return paths. The first signs, all verify, so that a new one can be put in front of an old one.
#[derive(Clone)]
pub struct BounceKeys(Vec<Vec<u8>>);

/// A local part of the right shape that none of the keys made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forged;

/// What a local part of ours begins with.
const PREFIX: &str = "b.";
/// Characters of the envelope id.
const ID_LEN: usize = 26;
/// Bytes of the authentication code: 80 bits, 16 characters.
const CODE_LEN: usize = 10;

// ---------------------------------------------------------------------------------------------------------------------

impl BounceKeys {
    /// Takes the secrets, the signing one first. Without any secret every address counts as forged.
    pub fn new(secrets: Vec<Vec<u8>>) -> Self {
        Self(secrets)
    }

    /// The return path for the mail of an envelope: `b.<id><code>@<domain>`, 44 characters before the `@`.
    pub fn address(&self, id: EnvelopeId, domain: &str) -> String {
        let signer = self.0.first().map(Vec::as_slice).unwrap_or_default();
        let code = BASE32_NOPAD.encode(&code(signer, id)).to_ascii_lowercase();
        format!("{PREFIX}{id}{code}@{domain}")
    }

    /// The envelope whose return path this local part is, in either case of letters; `None` when it has another shape.
    pub fn verify(&self, local: &str) -> Option<Result<EnvelopeId, Forged>> {
        let lower = local.to_ascii_lowercase();
        let keyed = lower.strip_prefix(PREFIX)?;
        let (id, said) = keyed.split_at_checked(ID_LEN)?;
        let id = EnvelopeId::parse(id)?;
        let said = BASE32_NOPAD.decode(said.to_ascii_uppercase().as_bytes()).ok()?;
        if said.len() != CODE_LEN {
            return None;
        }
        let known = self.0.iter().fold(false, |known, secret| {
            known | bool::from(code(secret, id).as_slice().ct_eq(said.as_slice()))
        });
        Some(if known { Ok(id) } else { Err(Forged) })
    }
}

impl fmt::Debug for BounceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BounceKeys({} secrets)", self.0.len())
    }
}

/// The first 80 bits of HMAC-SHA-256 over the id; the word in front keeps it apart from other uses of the secret.
fn code(secret: &[u8], id: EnvelopeId) -> Vec<u8> {
    let mut code = Vec::new();
    // A key of any length is allowed (RFC 2104 section 3), so this never fails.
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) {
        mac.update(b"return path\0");
        mac.update(id.as_bytes());
        code.extend_from_slice(&mac.finalize().into_bytes());
        code.truncate(CODE_LEN);
    }
    code
}

#[cfg(test)]
mod tests;
