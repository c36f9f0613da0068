//! What a recipient agrees to before they read a restricted report: a text with versions, one series for each class.

use serde::{Deserialize, Serialize};

use super::recipient::line;
use super::{Class, DistributionError};
use crate::id::ActorId;
use crate::{Digest, Timestamp, canonical, words};

/// Most characters of an agreement.
pub const AGREEMENT_MAX: usize = 40_000;

/// One version of an agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// For reports of which class.
    pub class: Class,
    /// Number of the version, from 1.
    pub version: u32,
    /// What it is called.
    pub title: String,
    /// What it says.
    pub text: String,
    /// Who wrote it.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
}

#[derive(Serialize)]
struct Said<'a> {
    title: &'a str,
    text: &'a str,
}

impl Agreement {
    /// Writes the version after `before`, or the first one.
    ///
    /// # Errors
    /// If the class needs none, a text is missing or unreadable, or nothing is changed.
    pub fn write(
        before: Option<&Self>,
        class: Class,
        (title, text): (&str, &str),
        by: ActorId,
        at: Timestamp,
    ) -> Result<Self, DistributionError> {
        if !class.is_restricted() {
            return Err(DistributionError::General);
        }
        let what = "text of the agreement";
        let text = words::readable(text, AGREEMENT_MAX)
            .ok_or(DistributionError::Unreadable { what, max: AGREEMENT_MAX })?;
        if text.is_empty() {
            return Err(DistributionError::Missing(what));
        }
        let title = line("title of the agreement", title)?;
        if before.is_some_and(|before| before.title == title && before.text == text) {
            return Err(DistributionError::NothingChanged);
        }
        let version = before.map_or(1, |before| before.version + 1);
        Ok(Self { class, version, title, text, by, at })
    }

    /// Returns the digest of what it says.
    ///
    /// # Panics
    /// Never: it has texts only.
    #[must_use]
    pub fn digest(&self) -> Digest {
        canonical::digest(&Said { title: &self.title, text: &self.text }).expect("it has texts only")
    }

    /// Returns its paragraphs.
    pub fn paragraphs(&self) -> impl Iterator<Item = &str> {
        self.text.split("\n\n").map(str::trim).filter(|one| !one.is_empty())
    }
}

/// Returns title and text to begin from, in our own words; a lawyer looks at it before it is used.
#[must_use]
pub fn drafted(class: Class, company: &str) -> (String, String) {
    let readers = match class {
        Class::UserEntities => {
            "It is meant for entities that used the service in the time of the report, and for the auditors of their \
             financial statements. I am one of these"
        }
        Class::SpecifiedParties | Class::General => {
            "It is meant for parties who know the service, how it works together with the systems of others, internal \
             control and its limits, and the criteria. I am one of these"
        }
    };
    let paragraphs = [
        format!("The report about {company} is for restricted use. {readers}, and what I said about it is true."),
        format!(
            "I read it only to understand and assess the controls of {company}, keep it confidential, and give it to nobody \
             outside my company but advisers who need it for this and are bound as I am."
        ),
        "I do not publish it, quote from it, or take parts of it out of their context. The copy that I get carries my name, \
         my company and the day."
            .to_owned(),
        format!(
            "It gives reasonable assurance about the time it covers and none about the time after. {company} may end my \
             access at any time; I delete my copies when I am asked to, unless the law obliges me to keep them."
        ),
    ];
    ("Agreement on the use of the report".to_owned(), paragraphs.join("\n\n"))
}
