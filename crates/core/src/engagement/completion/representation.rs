//! The representation letter: what management confirms to the auditor, and to nobody else.

use serde::{Deserialize, Serialize};

use super::super::{EngagementError, Method, ReportKind, Scope, UserEntityKind, needed, title};
use super::{Completion, Decided, SubsequentEvent};
use crate::report::lint;

/// Most characters of the text.
const LETTER_MAX: usize = 40_000;
/// What a draft says where the register tells of nothing that matters.
const NOTHING: &str = "Nothing happened between the end of the time examined and the date of this letter that could matter to \
                       the subject or to our assertion.";
/// What a draft says before it tells of the events.
const THE_FOLLOWING: &str = "Between the end of the time examined and the date of this letter the following happened that \
                             could matter to the subject or to our assertion; we know of nothing else.";

/// What a letter says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letter {
    /// To whom: the audit firm.
    pub to: String,
    /// Paragraphs, apart by an empty line.
    pub text: String,
    /// Who signs for management.
    pub signatory: String,
    /// As what.
    pub title: String,
}

impl Letter {
    /// Brings texts to one form.
    ///
    /// # Errors
    /// If one is missing or unreadable.
    pub fn checked(self) -> Result<Self, EngagementError> {
        Ok(Self {
            to: title("audit firm that it goes to", &self.to)?,
            text: needed("text of the letter", &self.text.replace("\r\n", "\n"), LETTER_MAX)?,
            signatory: title("name of the signatory", &self.signatory)?,
            title: title("title of the signatory", &self.title)?,
        })
    }

    /// Returns what must not stand in it.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        lint::faults(&self.text)
    }
}

/// Returns a draft in our words, from the scope and the register of events. Management changes it as it sees fit.
#[must_use]
pub fn represented(scope: &Scope, organization: &str, completion: &Completion) -> String {
    let (system, time, report) = (&scope.system, scope.time.words(), scope.report());
    let yardstick = match scope.kind {
        ReportKind::Soc1 => "the control objectives",
        ReportKind::Soc2 | ReportKind::Soc3 => "the applicable trust services criteria",
    };
    let subject = match scope.kind {
        ReportKind::Soc3 => format!("our assertion about controls of the system called {system} {time}"),
        ReportKind::Soc1 | ReportKind::Soc2 => {
            format!("our description of the system called {system} and its controls {time}")
        }
    };
    let mut text = vec![
        format!(
            "We give you this letter for your examination of {subject} ({report}). We, the management of {organization}, confirm \
             the following to you as of the date of this letter, to the best of our knowledge and belief and after asking \
             those who know."
        ),
        format!(
            "We are responsible for the subject of the examination, for our assertion and its reasonable basis, for choosing \
             {yardstick}, for identifying the risks to them, and for designing, putting in place and running the controls. \
             We stand by our assertion as we gave it to you."
        ),
        "We gave you all records and other information that we know to matter to the subject or to our assertion, and access \
         to everybody from whom you thought it necessary to learn something. Nothing of it was held back or changed for the \
         examination."
            .to_owned(),
        format!(
            "We told you of every weakness in the design of controls that we know of, of every case in which a control did not \
             operate as described, whether or not it was corrected, and of every incident that came from such a case or \
             otherwise kept us from {}.",
            match scope.kind {
                ReportKind::Soc1 => "achieving the control objectives",
                ReportKind::Soc2 | ReportKind::Soc3 => "what we promised",
            }
        ),
        "We know of no fraud, no suspicion of fraud and no intended act by management, by people with a part in controls or by \
         others that could matter to the subject, beyond what we told you. We also told you of every breach of law or rule and \
         of every uncorrected error that may affect user entities."
            .to_owned(),
        "We gave you what regulators, user entities, internal audit and other practitioners told us about the subject."
            .to_owned(),
    ];
    let of_method = |method: Method| -> Vec<&str> {
        let all = scope.subservices.iter().filter(|one| one.method == method);
        all.map(|one| one.name.as_str()).collect()
    };
    let (carved, included) = (of_method(Method::CarveOut), of_method(Method::Inclusive));
    if !carved.is_empty() {
        text.push(format!(
            "We depend on controls at {}, which are left out of the examination. We told you of every type of control \
             that we assume there, and we watch them as described.",
            carved.join(", ")
        ));
    }
    if !included.is_empty() {
        text.push(format!(
            "Management of {} gave its own assertion and its own letter to you for its part.",
            included.join(", ")
        ));
    }
    if scope.user_entities.iter().any(|one| one.kind == UserEntityKind::Control) {
        text.push("We told you of every control that we assume at user entities.".to_owned());
    }
    text.extend(happened(completion));
    if scope.kind != ReportKind::Soc3 {
        text.push(
            "We know that your report is for those whom it names, and we will not give it to others."
                .to_owned(),
        );
    }
    text.join("\n\n")
}

/// Returns what a draft says about the time between the end of the time examined and the letter, from the register of events
/// up to the date of the report.
#[must_use]
pub fn happened(completion: &Completion) -> Vec<String> {
    let told = mattering(completion);
    let first = if told.is_empty() { NOTHING } else { THE_FOLLOWING };
    let tell = |event: &&SubsequentEvent| {
        format!("On {}: {} {}", event.told.day, sentence(&event.told.what), sentence(&event.told.effect))
    };
    std::iter::once(first.to_owned()).chain(told.iter().map(tell)).collect()
}

/// Returns a text with a mark at its end.
fn sentence(text: &str) -> String {
    let text = text.trim_end();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

/// Returns what a letter says against the register of events: that nothing happened, while the register tells of something
/// that matters up to the date of the report. A draft is older than the register where an event came after it.
pub(super) fn contradiction(letter: &Letter, completion: &Completion) -> Option<String> {
    let told = mattering(completion);
    let first = told.first()?;
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    plain(&letter.text).contains(&plain(NOTHING)).then(|| {
        format!(
            "it says that nothing happened after the time examined, and the register of subsequent events tells of \u{201c}{}\u{201d} \
             on {}: write this part of the letter anew",
            first.told.what, first.told.day
        )
    })
}

/// Returns the events up to the date of the report that are not without effect.
fn mattering(completion: &Completion) -> Vec<&SubsequentEvent> {
    let mut told = completion.told_to_auditor();
    told.retain(|event| event.told.decided != Decided::NoEffect);
    told
}
