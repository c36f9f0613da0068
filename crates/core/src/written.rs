//! Who wrote something, when and why.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::id::ActorId;

/// Who wrote which version, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Number, from 1.
    pub version: u32,
    /// Who.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}
