//! Why something cannot be done with a workpaper.

use super::ATTRIBUTES_MAX;
use crate::conclusion::scope::Day;
use crate::program::sampling::SamplingError;

/// Why something cannot be done with a workpaper.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkpaperError {
    /// A text that is needed.
    #[error("it lacks the {0}")]
    Missing(&'static str),
    /// A text that is too long or cannot be read.
    #[error("the {what} has at most {max} characters and no control characters")]
    Unreadable {
        /// Which text.
        what: &'static str,
        /// Most characters.
        max: usize,
    },
    /// Nothing that was found in an examination was mended before its time began.
    #[error(
        "the day by which it is done, {due}, lies before the time that is examined, which begins on {begin}"
    )]
    DueBefore {
        /// As management wrote it.
        due: Day,
        /// First day of the examination.
        begin: Day,
    },
    /// A step that a walkthrough does not have.
    #[error("it has no step {0}")]
    NoStep(usize),
    /// A step that is not walked to its end.
    #[error("step {step}: {says}")]
    Step {
        /// Which, from 1.
        step: usize,
        /// What is missing or wrong.
        says: &'static str,
    },
    /// Asking is never enough.
    #[error("inquiry alone shows nothing; name what else is done")]
    InquiryAlone,
    /// Attributes need names and definitions.
    #[error("a workpaper has 1 to {ATTRIBUTES_MAX} attributes with different names")]
    Attributes,
    /// What counts as a deviation is not moved afterwards.
    #[error("what counts as a deviation does not change once something was tested")]
    Tested,
    /// There are items.
    #[error("its items are selected already; another selection is another workpaper")]
    SelectedAlready,
    /// Whoever reads a second draw must know why.
    #[error("it was drawn from already; drawing again needs the reason")]
    NoReasonAgain,
    /// Four eyes over a second draw.
    #[error("who drew from a population does not draw from it again; somebody else of the firm does")]
    DrawsAgain,
    /// What was looked at is not exchanged for another sample.
    #[error(
        "something of the sample was tested, so it is not drawn again; it can be extended as it was planned"
    )]
    DrawnAndTested,
    /// There is no sample.
    #[error("its items were not selected from a population")]
    NotSelected,
    /// A person chose.
    #[error("items that a person chose have no reserve, so none of them is replaced and none are added")]
    NoReserve,
    /// A deviation is a result.
    #[error("{0:?} deviates, and what deviates is never replaced")]
    DeviatesSoStays(String),
    /// What cannot be shown is a result.
    #[error("{0:?} without evidence is a deviation and is never replaced; record it as not met")]
    NoEvidence(String),
    /// Nothing to extend for.
    #[error("no item of the sample deviates, so there is nothing to extend it for")]
    NothingToExtendFor,
    /// A rule of samples.
    #[error(transparent)]
    Sample(#[from] SamplingError),
    /// Not usable as a key of an item.
    #[error("{0}")]
    Key(String),
    /// Two items of one key.
    #[error("the item {0:?} is there already")]
    Twice(String),
    /// Too many of something.
    #[error("a workpaper has at most {max} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        max: usize,
    },
    /// Unknown item.
    #[error("it has no item {0:?}")]
    NoItem(String),
    /// Another number of results than of attributes.
    #[error("each attribute of {0:?} needs its result")]
    States(String),
    /// Unknown exception.
    #[error("it has no exception {0}")]
    NoException(u32),
    /// An exception about an item that conforms.
    #[error("{0:?} shows no deviation, so it is no exception")]
    NoDeviation(String),
    /// Not everything was looked at.
    #[error("{0:?} is not tested completely")]
    Untested(String),
    /// A deviation that no exception names.
    #[error("{0:?} deviates, and no exception says so")]
    Unexplained(String),
    /// What follows does not fit what was found.
    #[error("{0}")]
    Unfit(&'static str),
    /// A signature is missing.
    #[error("it is not signed by who prepared it, as it stands")]
    NotPrepared,
    /// It is signed.
    #[error("it is signed already, as it stands")]
    Signed,
    /// Four eyes.
    #[error("who wrote in a workpaper does not review it")]
    OwnPaper,
    /// Shared already.
    #[error("it is shared already, as it stands")]
    SharedAlready,
}
