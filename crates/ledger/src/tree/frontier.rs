//! The right edge of a growing tree: one hash for each perfect subtree, largest first.

use super::{EMPTY_ROOT, hash_node};
use crate::Hash;

/// Everything needed to append leaves and to know the root: at most 64 hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// As many hashes as `size` has one-bits.
    nodes: Vec<Hash>,
}

/// Why stored bytes are not a frontier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("frontier of {bytes} bytes does not fit its size")]
pub struct InvalidFrontier {
    /// Length of what was given.
    pub bytes: usize,
}

impl Frontier {
    /// Makes the frontier of the empty tree.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends the hash of the next leaf and returns its index.
    pub fn push(&mut self, leaf_hash: Hash) -> u64 {
        let index = self.size;
        let mut hash = leaf_hash;
        for _ in 0..index.trailing_ones() {
            let left = self.nodes.pop().expect("there is a node for each one-bit of the size");
            hash = hash_node(&left, &hash);
        }
        self.nodes.push(hash);
        self.size += 1;
        index
    }

    /// Returns the root.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut nodes = self.nodes.iter().rev();
        let Some(last) = nodes.next() else { return EMPTY_ROOT };
        nodes.fold(*last, |right, left| hash_node(left, &right))
    }

    /// Serializes: the size as eight big-endian bytes, then the hashes, largest subtree first.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + 32 * self.nodes.len());
        bytes.extend_from_slice(&self.size.to_be_bytes());
        for node in &self.nodes {
            bytes.extend_from_slice(&node.0);
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// If the length does not follow from the size in the first eight bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidFrontier> {
        let invalid = InvalidFrontier { bytes: bytes.len() };
        let Some((size, hashes)) = bytes.split_first_chunk::<8>() else { return Err(invalid) };
        let size = u64::from_be_bytes(*size);
        let (chunks, rest) = hashes.as_chunks::<32>();
        if !rest.is_empty() || chunks.len() != size.count_ones() as usize {
            return Err(invalid);
        }
        Ok(Self { size, nodes: chunks.iter().map(|chunk| Hash(*chunk)).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::hash_leaf;

    #[test]
    fn stored_frontier_continues_as_if_never_stored() {
        let mut frontier = Frontier::new();
        for index in 0..300_u64 {
            let stored = Frontier::from_bytes(&frontier.to_bytes()).expect("own bytes");
            assert_eq!(stored, frontier);
            assert_eq!(frontier.push(hash_leaf(&index.to_be_bytes())), index);
        }
        assert_eq!(frontier.size(), 300);
    }

    #[test]
    fn bytes_that_do_not_fit_are_refused() {
        let mut frontier = Frontier::new();
        frontier.push(hash_leaf(b"a"));
        let bytes = frontier.to_bytes();
        for wrong in [&bytes[..7], &bytes[..8], &bytes[..39], &[bytes.as_slice(), &[0]].concat()] {
            assert!(Frontier::from_bytes(wrong).is_err(), "{} bytes", wrong.len());
        }
    }
}
