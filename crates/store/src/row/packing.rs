//! Rows are JSON, whose field names outweigh what they hold. So values are packed with a dictionary that knows the names.
//!
//! The dictionary is a part of the format: whoever changes a byte of it gives the wrapping a version of its own.

use lz4_flex::block;

/// The words that JSON rows share, as they stand in them.
const DICTIONARY: &[u8] = include_bytes!("dictionary");

// ---------------------------------------------------------------------------------------------------------------------

/// A payload in fewer bytes (LZ4 block format with an external dictionary, the length before it); `None` where that
/// saves none.
pub(super) fn pack(payload: &[u8]) -> Option<Vec<u8>> {
    let packed = block::compress_prepend_size_with_dict(payload, DICTIONARY);
    (packed.len() < payload.len()).then_some(packed)
}

/// What [`pack`] packed; `None` where it did not.
pub(super) fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    block::decompress_size_prepended_with_dict(packed, DICTIONARY).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::cast::*;
    use crate::keys;
    use crate::memory::MemoryBackend;
    use causeway_core::network::Outcome;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_packed_comes_back(payload in proptest::collection::vec(any::<u8>(), 0..300), times in 1usize..9) {
            let payload = payload.repeat(times);
            if let Some(packed) = pack(&payload) {
                prop_assert_eq!(unpack(&packed), Some(payload));
            }
        }
    }

    /// Names of fields that the dictionary has lost sight of would show here.
    #[test]
    fn a_delivery_takes_less_than_half_of_its_words() {
        let book = Book::<MemoryBackend>::new();
        let id = book.say(romeo(), juliet(), "O");
        book.lease(id);
        book.settle(id, Outcome::Failed(later(), None));
        let key = keys::delivery(&id);
        let value = book.rows().get(&key).unwrap().unwrap();
        let words = crate::row::unwrap(&key, &value).unwrap();
        assert!(value.len() * 2 < words.len(), "{} of {}", value.len(), words.len());
    }
}
