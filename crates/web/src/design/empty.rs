//! Empty states: what is missing and the one useful next action.

use maud::{Markup, html};

use super::digest::copy;

/// Says what is not there yet and the command that brings it.
#[must_use]
pub fn empty(title: &str, text: &str, command: &str) -> Markup {
    html! {
        div.empty {
            h3 { (title) }
            p { (text) }
            @if !command.is_empty() { (self::command(command)) }
        }
    }
}

/// A command line to run.
#[must_use]
pub fn command(line: &str) -> Markup {
    html! { span.digest.command-line { code.command { (line) } (copy(line)) } }
}
