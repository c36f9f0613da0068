//! A process as pages show it: its narrative, its steps drawn one after another, and a table that tells the same.

use maud::{Markup, html};
use tickmark_core::engagement::{FlowStep, Process};

use super::paper::paragraphs;
use crate::design::table::plain;

/// Width of the drawing in its own units; it shrinks to the space it is given.
const WIDTH: usize = 760;
/// From the top of one step to that of the next.
const ROW: usize = 78;
/// Height of a step.
const BOX: usize = 58;
/// Characters of a line in a step.
const LINE: usize = 62;
/// Characters of a line beside a step.
const SIDE: usize = 40;

/// Shows a process.
pub(super) fn process(one: &Process) -> Markup {
    html! {
        (paragraphs(&one.narrative))
        @if one.steps.is_empty() { p.muted { "No step is described yet." } } @else {
            (drawn(&one.name, &one.steps))
            (table(&one.name, &one.steps))
        }
        @let unsaid = one.unsaid();
        @if !one.steps.is_empty() && !unsaid.is_empty() {
            p.muted { "No step says how it goes to " (unsaid.iter().map(|act| act.word()).collect::<Vec<_>>().join(", ")) "." }
        }
    }
}

/// Draws steps one below the other. Long texts are cut: the table has them whole.
fn drawn(name: &str, steps: &[FlowStep]) -> Markup {
    let height = steps.len() * ROW - (ROW - BOX) + 2;
    let label = format!("{name}: {} steps, one after another. The table below tells the same.", steps.len());
    html! {
        svg.flow viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label=(label) {
            @for (place, step) in steps.iter().enumerate() {
                @let top = place * ROW + 1;
                @let ids: Vec<String> = step.controls.iter().map(ToString::to_string).collect();
                @if place + 1 < steps.len() {
                    line.way x1="16" x2="16" y1=(top + BOX / 2) y2=(top + ROW + BOX / 2 - 20) {}
                    polygon.tip points={ "11," (top + ROW + BOX / 2 - 22) " 21," (top + ROW + BOX / 2 - 22) " 16," (top + ROW + BOX / 2 - 14) } {}
                }
                circle.at cx="16" cy=(top + BOX / 2) r="13" {}
                text.no x="16" y=(top + BOX / 2 + 4) { (place + 1) }
                rect.step x="44" y=(top) width="440" height=(BOX) rx="6" {}
                text.act x="56" y=(top + 18) { (step.act.title()) }
                @for (at, line) in wrapped(&step.what, LINE, 2).iter().enumerate() { text x="56" y=(top + 34 + at * 15) { (line) } }
                @for (at, line) in wrapped(&step.who, SIDE, 1).iter().enumerate() { text.who x="498" y=(top + 18 + at * 15) { (line) } }
                @for line in wrapped(&step.system, SIDE, 1) { text.sub x="498" y=(top + 34) { (line) } }
                @for line in wrapped(&ids.join(", "), SIDE, 1) { text.control x="498" y=(top + 50) { (line) } }
            }
        }
    }
}

/// The steps as a table.
fn table(name: &str, steps: &[FlowStep]) -> Markup {
    let rows = steps.iter().enumerate().map(|(place, step)| {
        vec![
            html! { span.num { (place + 1) } },
            html! { strong { (step.act.title()) } span.sub { (step.what) } },
            html! { (step.who) @if !step.system.is_empty() { span.sub { (step.system) } } },
            html! { @if !step.input.is_empty() { span.sub { "In: " (step.input) } } @if !step.output.is_empty() { span.sub { "Out: " (step.output) } } },
            controls(step),
        ]
    });
    let head = ["No.", "Step", "Who, where", "In and out", "Controls, objectives"];
    plain(&format!("Steps of {name}"), &head, rows.collect())
}

/// Controls at a step, and objectives that it serves.
pub(super) fn controls(step: &FlowStep) -> Markup {
    let ids: Vec<String> = step.controls.iter().map(ToString::to_string).collect();
    let objectives: Vec<&str> = step.objectives.iter().map(String::as_str).collect();
    html! {
        @if ids.is_empty() && objectives.is_empty() { span.muted { "No control" } }
        (ids.join(", "))
        @if !objectives.is_empty() { span.sub { (objectives.join(", ")) } }
    }
}

/// Breaks a text into at most so many lines of so many characters; what does not fit is left out after three dots.
fn wrapped(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut left_out = false;
    for word in text.split_whitespace() {
        let fits = lines.last().is_some_and(|line| line.chars().count() + 1 + word.chars().count() <= width);
        if let Some(line) = lines.last_mut().filter(|_| fits) {
            line.push(' ');
            line.push_str(word);
        } else if lines.len() == most {
            left_out = true;
            break;
        } else {
            lines.push(word.to_owned());
        }
    }
    for line in &mut lines {
        if line.chars().count() > width {
            *line = line.chars().take(width - 1).chain(['\u{2026}']).collect();
        }
    }
    if left_out && let Some(last) = lines.last_mut() {
        let kept: String = last.chars().take(width - 1).collect();
        *last = format!("{}\u{2026}", kept.trim_end_matches([' ', '.', ',', '\u{2026}']));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_broken_and_cut() {
        let wrapped = |text| wrapped(text, 10, 2);
        assert_eq!(wrapped(""), Vec::<String>::new());
        assert_eq!(wrapped("one two three"), ["one two", "three"]);
        assert_eq!(wrapped("one two three four five"), ["one two", "three fou\u{2026}"]);
        assert_eq!(wrapped("abcdefghijklmnop"), ["abcdefghi\u{2026}"]);
        assert_eq!(wrapped("\u{4f60}\u{597d} <b>"), ["\u{4f60}\u{597d} <b>"]);
    }
}
