//! How a value is wrapped: a version byte, a checksum over key and payload, the payload.
//!
//! The checksum covers the key as well, so that a value which a damaged store shows under another key is found out.

use crate::error::StoreError;
use crate::keys;
use causeway_core::envelope::EnvelopeId;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The version of the wrapping.
const VERSION: u8 = 1;

// ---------------------------------------------------------------------------------------------------------------------

/// Wraps `payload` for the row under `key`.
pub(crate) fn wrap(key: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(payload.len().saturating_add(5));
    value.push(VERSION);
    value.extend_from_slice(&checksum(key, payload).to_be_bytes());
    value.extend_from_slice(payload);
    value
}

/// Unwraps the value of the row under `key`.
pub(crate) fn unwrap(key: &[u8], value: &[u8]) -> Result<Vec<u8>, StoreError> {
    let Some((&version, rest)) = value.split_first() else {
        return Err(damaged(key, "is empty"));
    };
    if version != VERSION {
        return Err(damaged(key, &format!("has the unknown version {version}")));
    }
    match rest.split_first_chunk::<4>() {
        Some((sum, payload)) if u32::from_be_bytes(*sum) == checksum(key, payload) => Ok(payload.to_vec()),
        _ => Err(damaged(key, "has a wrong checksum")),
    }
}

/// Wraps something as JSON.
pub(crate) fn write<T: Serialize>(key: &[u8], value: &T) -> Result<Vec<u8>, StoreError> {
    let payload = serde_json::to_vec(value).map_err(|e| damaged(key, &format!("cannot be written: {e}")))?;
    Ok(wrap(key, &payload))
}

/// Reads what [`write()`] wrote.
pub(crate) fn read<T: DeserializeOwned>(key: &[u8], value: &[u8]) -> Result<T, StoreError> {
    parse(key, &unwrap(key, value)?)
}

/// Reads an unwrapped JSON payload.
pub(crate) fn parse<T: DeserializeOwned>(key: &[u8], payload: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(payload).map_err(|e| damaged(key, &format!("does not hold what belongs there ({e})")))
}

/// Reads the payload of a row that names an envelope: the bits of its id.
pub(crate) fn read_id(key: &[u8], value: &[u8]) -> Result<EnvelopeId, StoreError> {
    let payload = unwrap(key, value)?;
    let bits = payload.try_into().map_err(|_| damaged(key, "does not hold an id"))?;
    Ok(EnvelopeId::from_random(bits))
}

/// The error of a damaged row.
pub(crate) fn damaged(key: &[u8], what: &str) -> StoreError {
    StoreError::Damaged(format!("the row {} {what}", keys::readable(key)))
}

fn checksum(key: &[u8], payload: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&u64::try_from(key.len()).unwrap_or(u64::MAX).to_be_bytes());
    sum.update(key);
    sum.update(payload);
    sum.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let value = write(b"e/juliet", &"Wherefore").unwrap();
        assert_eq!(read::<String>(b"e/juliet", &value).unwrap(), "Wherefore");
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let value = write(b"e/juliet", &"Wherefore").unwrap();
        for bit in 0..value.len() * 8 {
            let mut flipped = value.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(
                matches!(read::<String>(b"e/juliet", &flipped), Err(StoreError::Damaged(_))),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn a_value_under_the_key_of_another_is_noticed() {
        let value = write(b"e/juliet", &"Wherefore").unwrap();
        assert!(read::<String>(b"e/romeo", &value).is_err());
    }

    #[test]
    fn a_truncated_value_is_noticed() {
        let value = write(b"e/juliet", &"Wherefore").unwrap();
        for len in 0..value.len() {
            assert!(read::<String>(b"e/juliet", &value[..len]).is_err(), "{len} bytes");
        }
    }
}
