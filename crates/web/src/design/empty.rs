//! Empty states: what is missing and the one useful next action.

use maud::{Markup, html};

use super::digest::copy;

/// The command that takes a look. A server does it for whoever asks on the page of jobs.
pub const LOOK: &str = "tickmark collect";

/// Says what is not there yet and the command that brings it. Where a server has accounts nothing else writes to its data
/// folder, so a look is asked for on a page there: the class of the document says which of the two is shown.
#[must_use]
pub fn empty(title: &str, text: &str, command: &str) -> Markup {
    html! {
        div.empty {
            h3 { (title) }
            p { (text) }
            @if command == LOOK {
                p.on-pages { a.button href="/jobs" { "Look now" } }
                div.by-hand { (self::command(command)) }
            } @else if !command.is_empty() {
                (self::command(command))
            }
        }
    }
}

/// A command line to run.
#[must_use]
pub fn command(line: &str) -> Markup {
    html! { span.digest.command-line { code.command { (line) } (copy(line)) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_offered_in_both_ways_and_other_commands_in_one() {
        let look = empty("No run yet", "Runs are listed here.", LOOK).0;
        assert!(
            look.contains("<p class=\"on-pages\"><a class=\"button\" href=\"/jobs\">Look now</a></p>"),
            "{look}"
        );
        assert!(look.contains("<div class=\"by-hand\">") && look.contains("tickmark collect"), "{look}");
        let other = empty("No check yet", "Write one.", "tickmark checks new my-check").0;
        assert!(!other.contains("/jobs") && !other.contains("by-hand"), "{other}");
    }
}
