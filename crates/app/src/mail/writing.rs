//! A letter as plain text and as simple HTML, both from the same parts.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// Characters of a line of plain text, about.
const LINE_CHARS: usize = 76;

/// A letter before it goes out. It says what to do and where; what evidence says is read behind the sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writing {
    /// Subject: one line.
    pub subject: String,
    /// The parts in their order.
    pub parts: Vec<Part>,
}

/// A part of a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// A paragraph.
    Text(String),
    /// A title above what follows.
    Title(String),
    /// A list.
    List(Vec<String>),
    /// An address to follow, with what it leads to.
    Link {
        /// What it leads to.
        words: String,
        /// The address.
        address: String,
    },
}

impl Writing {
    /// Returns the plain text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            if !text.is_empty() {
                text.push('\n');
            }
            match part {
                Part::Text(words) => wrapped(&mut text, words, "", ""),
                Part::Title(words) => {
                    let _ = writeln!(text, "{words}\n{}", "-".repeat(words.chars().count().min(LINE_CHARS)));
                }
                Part::List(items) => items.iter().for_each(|item| wrapped(&mut text, item, "- ", "  ")),
                // An address is never broken.
                Part::Link { words, address } => {
                    let _ = writeln!(text, "{words}:\n{address}");
                }
            }
        }
        text
    }

    /// Returns the same as HTML: no pictures, no styles from elsewhere, nothing that asks another host.
    #[must_use]
    pub fn html(&self) -> String {
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title></head><body>\n",
            escaped(&self.subject)
        );
        for part in &self.parts {
            let _ = match part {
                Part::Text(words) => writeln!(html, "<p>{}</p>", escaped(words)),
                Part::Title(words) => writeln!(html, "<h3>{}</h3>", escaped(words)),
                Part::List(items) => {
                    let items: String =
                        items.iter().map(|item| format!("<li>{}</li>\n", escaped(item))).collect();
                    writeln!(html, "<ul>\n{items}</ul>")
                }
                Part::Link { words, address } => {
                    let shown = escaped(address);
                    writeln!(html, "<p>{}:<br><a href=\"{shown}\">{shown}</a></p>", escaped(words))
                }
            };
        }
        html.push_str("</body></html>\n");
        html
    }
}

/// Adds words as lines that are not too long.
fn wrapped(text: &mut String, words: &str, first: &str, rest: &str) {
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in words.split_whitespace() {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > LINE_CHARS {
            let _ = writeln!(text, "{line}");
            line = rest.to_owned();
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    let _ = writeln!(text, "{line}");
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            letter if letter.is_control() && letter != '\n' => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same_and_nothing_of_others_becomes_markup() {
        let address = format!("https://tickmark.example.com/join/{}", "a".repeat(64));
        let writing = Writing {
            subject: "<Acme> invites you".into(),
            parts: vec![
                Part::Text(format!("Robin <b>Example</b> {}", "word ".repeat(30))),
                Part::Title("What to do".into()),
                Part::List(vec!["one & two".into(), "three".into()]),
                Part::Link { words: "Join".into(), address: address.clone() },
            ],
        };
        let (text, html) = (writing.text(), writing.html());
        assert!(
            text.contains(&format!("\n{address}\n")) && text.contains("- one & two\n- three\n"),
            "{text}"
        );
        assert!(text.lines().all(|line| line.chars().count() <= LINE_CHARS || line == address), "{text}");
        assert!(html.contains(&format!("<a href=\"{address}\">")), "{html}");
        assert!(html.contains("Robin &lt;b&gt;") && html.contains("<title>&lt;Acme&gt;"), "{html}");
        assert!(html.contains("<li>one &amp; two</li>"), "{html}");
    }
}
