//! The evidence bundle: one ZIP that an auditor verifies offline.
//!
//! ```text
//! MANIFEST.json         in-toto Statement: what, which checkpoint, every file with its SHA-256
//! MANIFEST.sig          signed note over the manifest's digest, by the log's key
//! MANIFEST.dsse.json    the manifest in a DSSE envelope signed by the log's key, as in-toto tools read it
//! README.txt            how to verify with ordinary tools
//! policy                tlog-policy: the log's key (for reading; who verifies pins their own)
//! checkpoint.latest     signed checkpoint; checkpoint.a and checkpoint.b at the ends of a period
//! consistency.txt       the checkpoints continue each other
//! leaves/<idx>.json     exact bytes of each cited entry, with proofs/<idx>.tlog-proof
//! tile/…                the whole log as C2SP tiles and entry bundles, if it is shipped whole
//! history/…             what runs found: objects that entries name by digest, and what is claimed of them
//! rotations.json        signed statements that one key of the log follows another
//! blobs/sha256/ab/<hex> released artifacts, with salts.json to check their commitments
//! records/<n>.json      texts that entries commit to, with the salts to check that
//! report/…              anything carried along
//! ```
//!
//! The same contents give the same bytes: names sorted, moments fixed. [`write()`] makes a bundle, [`verify()`] answers
//! level by level what it proves. Whose signature counts is said by [`Expectations`], never by the bundle.

mod answer;
mod consistency;
mod history;
mod manifest;
mod name;
mod readme;
mod records;
mod salts;
mod verify;
mod write;

pub use answer::{Completeness, Finding, Level, MAX_FINDINGS, Signer, Stated, Verification};
pub use history::{HistoryContents, TargetName};
pub use manifest::{Manifest, PREDICATE_TYPE};
pub use name::is_safe_name;
pub use records::Record;
pub use salts::Release;
pub use verify::{Expectations, Limits, VerifyError, verify};
pub use write::{Attachment, Blob, BundleContents, BundleError, CitedLeaf, Entries, Written, write};
