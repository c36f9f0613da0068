//! Checkpoints leave the building: to places, authorities and witnesses; and what came back of it.

mod anchor;
mod cosign;
mod publish;
pub(super) mod sql;
mod watch;

pub use anchor::{Anchor, Anchoring, MAX_ANCHORS, MEDIA_TYPE, anchors, authority_roots};
pub use cosign::{Cosignature, MAX_COSIGNATURES, Witnessed, Witnessing, cosignatures, witnessed};
pub use publish::Delivery;
pub(crate) use publish::described;
pub(super) use publish::{folder_of, names as places};
pub use watch::{Party, PartyKind, Watched, watched};
