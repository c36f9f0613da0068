//! What a list says of what was just done to several of its rows.
//!
//! The address to which one comes back carries counts and no words, signed for the browser that sent the form: a link from
//! somebody else says nothing, and neither does one's own a little later.

use maud::{Markup, html};
use subtle::ConstantTimeEq as _;
use tickmark_core::{Digest, Timestamp};

use crate::design::plural;
use crate::design::table::Table;
use crate::visit::Asked;

/// The name in the address.
pub(crate) const DONE: &str = "done";

const DOMAIN: &str = "tickmark/done/v1:";
/// How long it is said, in seconds.
const SAID_SECONDS: i64 = 120;

/// What was done to each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Accepted,
    Linked,
    Assigned,
    Moved,
    Started,
    Retired,
}

impl Deed {
    const ALL: [Self; 6] =
        [Self::Accepted, Self::Linked, Self::Assigned, Self::Moved, Self::Started, Self::Retired];

    fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Linked => "linked",
            Self::Assigned => "assigned",
            Self::Moved => "moved",
            Self::Started => "started",
            Self::Retired => "retired",
        }
    }

    fn says(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Linked => "linked to the control",
            Self::Assigned => "given an owner",
            Self::Moved => "given a new due day",
            Self::Started => "put in force",
            Self::Retired => "retired",
        }
    }
}

/// What was done, to how many, and to how many not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) deed: Deed,
    pub(crate) done: usize,
    pub(crate) not: usize,
}

impl Tally {
    fn sign(self, token: &str, path: &str, now: Timestamp) -> String {
        let what = format!("{}.{}.{}.{}", self.deed.word(), self.done, self.not, now.seconds());
        let tag = tag(&what, path, token);
        format!("{what}.{tag}")
    }

    fn read(text: &str, token: &str, path: &str, now: Timestamp) -> Option<Self> {
        let (what, given) = text.rsplit_once('.')?;
        let is_ours: bool = tag(what, path, token).as_bytes().ct_eq(given.as_bytes()).into();
        if token.is_empty() || !is_ours {
            return None;
        }
        let mut parts = what.split('.');
        let word = parts.next()?;
        let deed = Deed::ALL.into_iter().find(|deed| deed.word() == word)?;
        let (done, not) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let at: i64 = parts.next()?.parse().ok()?;
        let is_new = (0..=SAID_SECONDS).contains(&now.seconds().saturating_sub(at));
        is_new.then_some(Self { deed, done, not })
    }

    fn draw(self, (one, many): (&'static str, &'static str)) -> Markup {
        let all = self.done.saturating_add(self.not);
        html! {
            p.note-line.done role="status" {
                (self.done) @if self.not > 0 { " of " (all) } " " (plural(all, one, many)) " " (self.deed.says()) "."
                @if self.not > 0 { " " (self.not) " " (plural(self.not, "is", "are")) " as before." }
            }
        }
    }
}

/// The token comes last, so that nobody who knows a tag can lengthen what it was made of.
fn tag(what: &str, path: &str, token: &str) -> String {
    Digest::of(format!("{DOMAIN}{path}:{what}:{token}").as_bytes()).hex()
}

/// The address of a list to which one comes back.
pub(crate) fn back(asked: &Asked, path: &str, tally: Tally) -> String {
    format!("{path}?{DONE}={}", tally.sign(&asked.token, path, asked.visit.now))
}

/// What a list says to whoever comes back to it.
pub(super) fn said(asked: &Asked, table: &Table) -> Option<Markup> {
    let text = asked.done.as_deref()?;
    let tally = Tally::read(text, &asked.token, &table.path, asked.visit.now)?;
    Some(tally.draw(table.noun))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: i64 = 1_760_000_000;

    fn now(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(AT + seconds)
    }

    #[test]
    fn it_is_said_to_who_did_it_there_and_soon() {
        let tally = Tally { deed: Deed::Retired, done: 12, not: 1 };
        let text = tally.sign("mine", "/controls", now(0));
        let read =
            |text: &str, token: &str, path: &str, after: i64| Tally::read(text, token, path, now(after));
        assert_eq!(read(&text, "mine", "/controls", 0), Some(tally));
        assert_eq!(read(&text, "mine", "/controls", SAID_SECONDS), Some(tally));
        assert_eq!(read(&text, "mine", "/controls", SAID_SECONDS + 1), None, "later");
        assert_eq!(read(&text, "mine", "/controls", -1), None, "before");
        assert_eq!(read(&text, "theirs", "/controls", 0), None, "to somebody else");
        assert_eq!(read(&text, "mine", "/findings", 0), None, "elsewhere");
        for forged in [text.replacen("12", "99", 1), text.replacen("retired", "started", 1), String::new()] {
            assert_eq!(read(&forged, "mine", "/controls", 0), None, "{forged}");
        }
        // Whoever has no session has no token, and anybody could sign with none.
        let unsigned = tally.sign("", "/controls", now(0));
        assert_eq!(read(&unsigned, "", "/controls", 0), None);
    }

    #[test]
    fn every_deed_is_read_as_it_was_written() {
        for deed in Deed::ALL {
            let tally = Tally { deed, done: 1, not: 0 };
            let text = tally.sign("mine", "/controls", now(0));
            assert_eq!(Tally::read(&text, "mine", "/controls", now(0)), Some(tally));
        }
    }

    #[test]
    fn what_was_not_done_is_counted_too() {
        let says = |done, not| {
            let html = Tally { deed: Deed::Assigned, done, not }.draw(("finding", "findings")).0;
            html.split_once('>').expect("a paragraph").1.replace("</p>", "")
        };
        assert_eq!(says(1, 0), "1 finding given an owner.");
        assert_eq!(says(12, 0), "12 findings given an owner.");
        assert_eq!(says(2, 1), "2 of 3 findings given an owner. 1 is as before.");
        assert_eq!(says(0, 2), "0 of 2 findings given an owner. 2 are as before.");
    }
}
