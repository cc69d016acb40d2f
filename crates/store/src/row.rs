//! How a value is wrapped: a byte that says how the payload is written, a checksum over key and payload, the payload.
//!
//! The checksum covers the key as well, so that a value which a damaged store shows under another key is found out.

mod packing;

use crate::error::StoreError;
use crate::keys;
use causeway_core::envelope::EnvelopeId;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The payload follows as it is.
const PLAIN: u8 = 1;
/// The payload follows packed.
const PACKED: u8 = 2;

// ---------------------------------------------------------------------------------------------------------------------

/// Wraps `payload` for the row under `key`.
pub(crate) fn wrap(key: &[u8], payload: &[u8]) -> Vec<u8> {
    match packing::pack(payload) {
        Some(packed) => wrap_as(PACKED, key, &packed),
        None => wrap_as(PLAIN, key, payload),
    }
}

fn wrap_as(form: u8, key: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(payload.len().saturating_add(5));
    value.push(form);
    value.extend_from_slice(&checksum(key, payload).to_be_bytes());
    value.extend_from_slice(payload);
    value
}

/// Unwraps the value of the row under `key`.
pub(crate) fn unwrap(key: &[u8], value: &[u8]) -> Result<Vec<u8>, StoreError> {
    let Some((&form, rest)) = value.split_first() else {
        return Err(damaged(key, "is empty"));
    };
    let payload = match rest.split_first_chunk::<4>() {
        Some((sum, payload)) if u32::from_be_bytes(*sum) == checksum(key, payload) => payload,
        _ => return Err(damaged(key, "has a wrong checksum")),
    };
    match form {
        PLAIN => Ok(payload.to_vec()),
        PACKED => packing::unpack(payload).ok_or_else(|| damaged(key, "cannot be unpacked")),
        _ => Err(damaged(key, &format!("has the unknown version {form}"))),
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
        for said in ["Wherefore", &"Wherefore ".repeat(9)] {
            let value = write(b"e/juliet", &said).unwrap();
            for bit in 0..value.len() * 8 {
                let mut flipped = value.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert!(
                    matches!(read::<String>(b"e/juliet", &flipped), Err(StoreError::Damaged(_))),
                    "bit {bit}"
                );
            }
        }
    }

    #[test]
    fn what_a_stranger_packed_is_noticed() {
        let value = wrap_as(PACKED, b"e/juliet", &[0xff; 40]);
        assert!(matches!(unwrap(b"e/juliet", &value), Err(StoreError::Damaged(_))));
    }

    #[test]
    fn bytes_that_cannot_be_packed_stand_as_they_are() {
        let noise: Vec<u8> = (0..200u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        let value = wrap(b"c/noise", &noise);
        assert_eq!((value[0], value.len()), (PLAIN, noise.len() + 5));
        assert_eq!(unwrap(b"c/noise", &value).unwrap(), noise);
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
