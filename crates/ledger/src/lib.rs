//! A transparency log in public formats, and the program that checks what was exported from it.
//!
//! The crate knows only bytes and hashes. It depends on no other crate of this workspace, reads no clock, no
//! environment and no random numbers, and does no input or output except through a reader or writer it is given, such
//! as [`directory::Folder`]: an auditor can build and read it alone. What the log claims is exactly this: *alteration after moment T is
//! detectable by anyone who holds a checkpoint of T*. It never claims that what was logged is true.
//!
//! - [`leaf`]: the strict form of one entry; [`canonical`]: the JSON bytes it is made of.
//! - [`tree`]: RFC 6962 hashes, the frontier, proofs; [`tile`]: C2SP `tlog-tiles` paths and contents.
//! - [`note`]: signed notes, checkpoints, cosignatures; [`policy`]: whose signatures count; [`epoch`]: how keys follow
//!   each other; [`proof`]: `tlog-proof`.
//! - [`timestamp`]: tokens of RFC 3161 authorities; [`witness`]: second-party cosignatures over `tlog-witness`.
//! - [`dsse`]: envelopes of statements, as in-toto tools read them.
//! - [`commitment`]: salted commitments and artifact descriptors.
//! - [`period`]: what opens and closes the period of an examination.
//! - [`history`]: what runs found, recomputed from blocks, and whether what was due was done.
//! - [`bundle`]: the ZIP handed to an auditor, written and verified; [`directory`]: the exported log, checked.

pub mod bundle;
pub mod canonical;
pub mod commitment;
pub mod directory;
pub mod dsse;
pub mod epoch;
mod hash;
pub mod history;
pub mod leaf;
pub mod note;
pub mod period;
pub mod policy;
pub mod proof;
pub mod tile;
pub mod timestamp;
pub mod tree;
pub mod witness;

pub use hash::{Hash, InvalidHash};
