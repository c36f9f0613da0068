//! What changed between two versions, word by word: taken away is struck through, new is underlined.

use maud::{Markup, html};

/// Words of one text that are compared; longer ones are shown whole, old and new.
const WORD_LIMIT: usize = 1_500;

/// A field as it was and as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// What people call it.
    pub label: &'static str,
    /// As it was.
    pub before: String,
    /// As it is.
    pub after: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'a> {
    Same(&'a str),
    Gone(&'a str),
    New(&'a str),
}

/// Keeps the fields that differ.
pub fn changed(fields: impl IntoIterator<Item = Changed>) -> Vec<Changed> {
    fields.into_iter().filter(|field| field.before != field.after).collect()
}

/// Draws fields that changed.
#[must_use]
pub fn diff(fields: &[Changed]) -> Markup {
    if fields.is_empty() {
        return html! { p.muted.block-body { "Nothing differs." } };
    }
    html! {
        dl.facts.diff {
            @for field in fields { dt { (field.label) } dd { (words(&field.before, &field.after)) } }
        }
    }
}

/// Draws two texts as one.
#[must_use]
pub fn words(before: &str, after: &str) -> Markup {
    if before.is_empty() {
        return html! { ins { (after) } };
    }
    if after.is_empty() {
        return html! { del { (before) } };
    }
    let pieces = compare(before, after);
    html! {
        @for (at, piece) in pieces.iter().enumerate() {
            @if at > 0 { " " }
            @match piece { Piece::Same(text) => (text), Piece::Gone(text) => del { (text) }, Piece::New(text) => ins { (text) } }
        }
    }
}

fn compare<'a>(before: &'a str, after: &'a str) -> Vec<Piece<'a>> {
    let (old, new): (Vec<&str>, Vec<&str>) =
        (before.split_whitespace().collect(), after.split_whitespace().collect());
    if old.len() > WORD_LIMIT || new.len() > WORD_LIMIT {
        return vec![Piece::Gone(before), Piece::New(after)];
    }
    pieces(&old, &new)
}

/// Draws two texts as one, line by line: for code, where the places of words matter. Texts of more lines than are compared
/// are shown whole, old and new.
#[must_use]
pub fn lines(label: &str, before: &str, after: &str) -> Markup {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    let found = if old.len() > WORD_LIMIT || new.len() > WORD_LIMIT {
        vec![Piece::Gone(before), Piece::New(after)]
    } else {
        pieces(&old, &new)
    };
    html! {
        pre.source tabindex="0" role="group" aria-label=(label) {
            @for piece in found {
                @match piece { Piece::Same(text) => { "  " (text) }, Piece::Gone(text) => del { "- " (text) }, Piece::New(text) => ins { "+ " (text) } }
                "\n"
            }
        }
    }
}

fn pieces<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Piece<'a>> {
    // Longest common subsequence, from the end, so that reading it goes forward.
    let width = new.len() + 1;
    let mut longest = vec![0_u16; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            longest[i * width + j] = if old[i] == new[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j, mut pieces) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            pieces.push(Piece::Same(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len()
            || (i < old.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1])
        {
            pieces.push(Piece::Gone(old[i]));
            i += 1;
        } else {
            pieces.push(Piece::New(new[j]));
            j += 1;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_stayed_are_told_from_those_that_changed() {
        let html = words("Access ends within 24 hours.", "Access ends within one hour.").0;
        assert_eq!(
            html,
            "Access ends within <del>24</del> <del>hours.</del> <ins>one</ins> <ins>hour.</ins>"
        );
        assert_eq!(words("", "<b>").0, "<ins>&lt;b&gt;</ins>");
        assert_eq!(words("a", "").0, "<del>a</del>");
        assert_eq!(words("same", "same").0, "same");
    }

    #[test]
    fn code_is_compared_by_lines() {
        let html = lines("Logic", "a if x\n  b\n", "a if x\n  <c>\n").0;
        assert!(html.contains("  a if x\n<del>-   b</del>\n<ins>+   &lt;c&gt;</ins>\n"), "{html}");
    }

    #[test]
    fn long_texts_are_shown_whole() {
        let (old, new) = ("a ".repeat(1_501), "b ".repeat(10));
        assert_eq!(compare(&old, &new).len(), 2);
        let fields = [("x", "1", "1"), ("y", "1", "2")].map(|(label, a, b)| Changed {
            label,
            before: a.into(),
            after: b.into(),
        });
        assert_eq!(changed(fields).len(), 1);
    }
}
