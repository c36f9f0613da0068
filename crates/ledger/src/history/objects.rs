//! Objects: byte strings that entries commit to by their SHA-256, packed into few files.
//!
//! A pack is a sequence of (length as unsigned LEB128, bytes). An object has no name; whoever reads hashes it. So
//! nothing in a pack can claim to be what it is not, and tens of thousands of small blocks need few files.

use std::collections::HashMap;

use crate::Hash;

/// Bytes from which an object is refused: a list of a million targets.
pub const MAX_OBJECT_BYTES: usize = 32 << 20;
/// Bytes of all objects together that are kept in memory.
pub const MAX_TOTAL_BYTES: usize = 512 << 20;
/// Bytes after which the writer begins another pack.
pub const PACK_BYTES: usize = 4 << 20;

/// Objects by their digest.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    by_digest: HashMap<Hash, Box<[u8]>>,
    bytes: usize,
}

/// Why bytes are not a pack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// Ends inside an object or a length.
    #[error("pack is cut short at byte {0}")]
    CutShort(usize),
    /// A length that no object has.
    #[error("pack has an object of more than {MAX_OBJECT_BYTES} bytes at byte {0}")]
    TooLarge(usize),
    /// All packs together are too large.
    #[error("packs have more than {MAX_TOTAL_BYTES} bytes together")]
    TooMany,
}

impl Objects {
    /// Reads a pack.
    ///
    /// # Errors
    /// If the bytes are not a pack, or there would be too much to keep.
    pub fn read_pack(&mut self, pack: &[u8]) -> Result<(), PackError> {
        let mut at = 0;
        while at < pack.len() {
            let start = at;
            let length = read_length(pack, &mut at)?;
            if length > MAX_OBJECT_BYTES {
                return Err(PackError::TooLarge(start));
            }
            let end = at + length;
            let object = pack.get(at..end).ok_or(PackError::CutShort(pack.len()))?;
            at = end;
            self.bytes += length;
            if self.bytes > MAX_TOTAL_BYTES {
                return Err(PackError::TooMany);
            }
            self.by_digest.insert(Hash::of(object), object.into());
        }
        Ok(())
    }

    /// Adds one object and returns its digest.
    pub fn add(&mut self, object: Vec<u8>) -> Hash {
        let digest = Hash::of(&object);
        self.bytes += object.len();
        self.by_digest.insert(digest, object.into());
        digest
    }

    /// Returns the object of a digest.
    #[must_use]
    pub fn get(&self, digest: &Hash) -> Option<&[u8]> {
        self.by_digest.get(digest).map(AsRef::as_ref)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_digest.is_empty()
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_digest.len()
    }

    /// Writes packs of about [`PACK_BYTES`], objects in the order of their digests, so that the same objects give the
    /// same packs.
    #[must_use]
    pub fn to_packs(&self) -> Vec<Vec<u8>> {
        let mut sorted: Vec<_> = self.by_digest.iter().collect();
        sorted.sort_unstable_by_key(|(digest, _)| **digest);
        let mut packs: Vec<Vec<u8>> = Vec::new();
        for (_, object) in sorted {
            if packs.last().is_none_or(|pack| pack.len() >= PACK_BYTES) {
                packs.push(Vec::new());
            }
            let pack = packs.last_mut().expect("just made");
            put_length(pack, object.len());
            pack.extend_from_slice(object);
        }
        packs
    }
}

fn read_length(pack: &[u8], at: &mut usize) -> Result<usize, PackError> {
    let start = *at;
    let mut length = 0_usize;
    for shift in (0..28).step_by(7) {
        let byte = *pack.get(*at).ok_or(PackError::CutShort(*at))?;
        *at += 1;
        length |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(length);
        }
    }
    Err(PackError::TooLarge(start))
}

fn put_length(pack: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        pack.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    pack.push(length as u8);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn packs_read_back_and_are_the_same_for_the_same_objects() {
        let contents: Vec<Vec<u8>> = (0..300_usize).map(|n| vec![n as u8; n * n]).collect();
        let (mut one, mut other) = (Objects::default(), Objects::default());
        contents.iter().for_each(|content| _ = one.add(content.clone()));
        contents.iter().rev().for_each(|content| _ = other.add(content.clone()));
        let packs = one.to_packs();
        assert_eq!(packs, other.to_packs());
        assert!(packs.len() > 1);
        let mut read = Objects::default();
        packs.iter().for_each(|pack| read.read_pack(pack).expect("pack"));
        assert_eq!(read.len(), 300);
        assert!(contents.iter().all(|content| read.get(&Hash::of(content)) == Some(content)));
    }

    #[test]
    fn damaged_packs_are_refused() {
        let mut objects = Objects::default();
        assert_eq!(objects.read_pack(&[0x80]), Err(PackError::CutShort(1)));
        assert_eq!(objects.read_pack(&[2, 0]), Err(PackError::CutShort(2)));
        assert_eq!(objects.read_pack(&[0xff, 0xff, 0xff, 0x7f]), Err(PackError::TooLarge(0)));
        assert_eq!(objects.read_pack(&[0xff, 0xff, 0xff, 0xff, 1]), Err(PackError::TooLarge(0)));
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Objects::default().read_pack(&bytes);
        }
    }
}
