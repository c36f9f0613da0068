//! Notices as letters.

use tickmark_core::mail::MailKind;
use tickmark_core::program::reminder::{Matter, Step};
use tickmark_core::zone::Reading;

use super::Kept;
use crate::context::View;
use crate::mail::{Part, Writing, link_to};

/// Most lines of one letter.
const MAX_LINES: usize = 60;

/// Returns the letters for notices: one for all of them or one for each, and one for each week.
pub(super) fn letters(
    view: &View<'_>,
    notices: &[Kept],
    together: bool,
    reading: &Reading,
) -> Vec<(MailKind, Writing)> {
    let (weeks, others): (Vec<&Kept>, Vec<&Kept>) =
        notices.iter().partition(|one| one.matter == Matter::Week);
    let mut letters = Vec::new();
    if together && !others.is_empty() {
        letters.push(one_for_all(view, &others, reading));
    }
    if !together {
        letters.extend(others.iter().map(|one| one_for_all(view, std::slice::from_ref(one), reading)));
    }
    letters.extend(weeks.iter().map(|week| {
        let lines = week.detail.lines().map(str::to_owned).collect();
        let mut parts = vec![Part::Text(format!("{} of {}.", week.title, view.actor.organization.name))];
        parts.push(Part::List(lines));
        parts.extend(link(view, "/", "Open the overview"));
        let writing = Writing { subject: format!("{}: the week", view.actor.organization.name), parts };
        (MailKind::Digest, writing)
    }));
    letters
}

fn one_for_all(view: &View<'_>, notices: &[&Kept], reading: &Reading) -> (MailKind, Writing) {
    let mut parts = Vec::new();
    let mut left = MAX_LINES;
    for (step, title) in [
        (Step::Escalated, "Nobody did this"),
        (Step::Overdue, "Too late"),
        (Step::Today, "Today"),
        (Step::Most, "Little time is left"),
        (Step::Half, "Half of the time is over"),
        (Step::Soon, "Soon"),
        (Step::New, "New"),
    ] {
        let lines: Vec<String> =
            notices.iter().filter(|one| one.step == step).take(left).map(|one| line(one, reading)).collect();
        if !lines.is_empty() {
            left -= lines.len();
            parts.push(Part::Title(title.to_owned()));
            parts.push(Part::List(lines));
        }
    }
    if notices.len() > MAX_LINES {
        parts.push(Part::Text(format!("And {} more.", notices.len() - MAX_LINES)));
    }
    match notices {
        [only] => parts.extend(link(view, &only.path, "Go there")),
        _ => parts.extend(link(view, "/work", "See what waits for you")),
    }
    parts.extend(link(view, "/account/reminders", "When and how you are reminded"));
    let organization = &view.actor.organization.name;
    let subject = match notices {
        [only] => format!("{organization}: {}", line(only, reading)),
        many => format!("{organization}: {} things wait for you", many.len()),
    };
    let is_escalation = notices.iter().all(|one| one.step == Step::Escalated);
    let kind = if is_escalation { MailKind::Escalation } else { MailKind::Reminder };
    (kind, Writing { subject: one_line(&subject), parts })
}

fn link(view: &View<'_>, path: &str, words: &str) -> Option<Part> {
    link_to(view, path).map(|address| Part::Link { words: words.to_owned(), address })
}

fn line(notice: &Kept, reading: &Reading) -> String {
    match notice.due {
        Some(due) => {
            let day = reading.day(reading.zone.day(due.plus_micros(-1)));
            format!("{}, by {day}", notice.title)
        }
        None => notice.title.clone(),
    }
}

/// A subject is one line that mail programs show whole.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(150).collect()
}
