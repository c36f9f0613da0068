//! Fieldwork: what the auditor asks for, tests and concludes, and what management answers.
//!
//! Two parties write here and neither writes what is the other's. Each record says whose it is; the rules in this module
//! take the party as an argument, and whoever calls them has found out which one somebody is. Nothing here computes or
//! fills in what an auditor concludes.
//!
//! Source: `docs/domain/identity.md` sections 1.12 and 1.13, `docs/domain/audit-methods.md` sections 2 to 8 and 11,
//! `docs/domain/soc-reports.md` sections 3 and 14.

mod access;
mod gate;
mod list;
mod opinion;
mod pdf;
mod request;
mod signature;
mod walkthrough;
mod workpaper;

use serde::{Deserialize, Serialize};

pub use access::{ACCESS_DAYS_MAX, AccessError, access_ends};
pub use gate::{Gate, IssueGround, before_report, managements};
pub use list::{ListRow, MAX_REQUESTS, defaults, defaults_for_objectives, read_list};
pub use opinion::{
    FrozenPart, Issue, KeptFile, Opinion, OpinionError, OpinionKind, Part, PartResult, Report, SectionFile,
    elements,
};
pub use pdf::{PdfError, check_pdf};
pub use request::{
    Answer, EvidenceRequest, Request, RequestError, RequestState, RequestStep, kind_words, timing_words,
};
pub use signature::{Shared, Signature, Signatures, SignedPaper};
pub use walkthrough::{Answered, Walked, WalkedStep, Walkthrough};
pub use workpaper::{
    Cause, Conclusion, Exception, ManagementResponse, Note, Outcome, Plan, Procedure, SampleChange, Selected,
    TestedItem, Workpaper, WorkpaperError, ZeroShown,
};

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The audit firm.
    Auditor,
    /// The organization that is examined.
    Management,
}

crate::words::words_of!(Party {
    Auditor = "auditor", "The auditor";
    Management = "management", "Management";
});
