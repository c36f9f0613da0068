//! What was last found about each item of a list, packed: who concludes over a year reads this, and rows only for items
//! that deviate.

use tickmark_core::Timestamp;
use tickmark_core::program::population::{Item, ItemOutcome};

/// Bytes for one item: when it occurred, and what followed.
const ITEM_BYTES: usize = 9;

/// What was found about items, in the order of their list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcomes(Vec<u8>);

impl Outcomes {
    pub(super) fn of(items: &[Item]) -> Self {
        let mut bytes = Vec::with_capacity(items.len() * ITEM_BYTES);
        for item in items {
            bytes.extend_from_slice(&item.occurred_at.micros().to_le_bytes());
            bytes.push(code(item.outcome()));
        }
        Self(bytes)
    }

    /// Reads what [`Self::bytes`] gave; none if it is something else.
    pub(super) fn read(bytes: Vec<u8>) -> Option<Self> {
        let is_sound =
            bytes.len().is_multiple_of(ITEM_BYTES) && bytes.chunks(ITEM_BYTES).all(|item| item[8] <= 2);
        is_sound.then_some(Self(bytes))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Notes what was found about an item now, given by its place in the list, from 1. Tells whether there is such a place.
    pub(super) fn set(&mut self, place: i64, outcome: ItemOutcome) -> bool {
        let at = usize::try_from(place).ok().and_then(|place| place.checked_sub(1));
        match at.and_then(|at| self.0.get_mut(at * ITEM_BYTES + 8)) {
            Some(byte) => {
                *byte = code(outcome);
                true
            }
            None => false,
        }
    }

    /// Returns the place of each item, from 1, when it occurred, and what followed.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (i64, Timestamp, ItemOutcome)> {
        (1..).zip(self.0.chunks_exact(ITEM_BYTES)).map(|(place, item)| {
            let micros = i64::from_le_bytes(std::array::from_fn(|at| item[at]));
            let outcome = match item[8] {
                0 => ItemOutcome::Conforming,
                1 => ItemOutcome::NotTested,
                _ => ItemOutcome::Deviating,
            };
            (place, Timestamp::from_micros(micros), outcome)
        })
    }
}

fn code(outcome: ItemOutcome) -> u8 {
    match outcome {
        ItemOutcome::Conforming => 0,
        ItemOutcome::NotTested => 1,
        ItemOutcome::Deviating => 2,
    }
}
