//! Markdown of checks and code of checks, as far as they need it: nothing in here can produce a link, an attribute or
//! foreign markup, because every piece of text goes through escaping.

use maud::{Markup, html};

/// Renders a small part of Markdown: paragraphs, headings, lists, fenced code, `code` and **strong**.
#[must_use]
pub fn markdown(text: &str) -> Markup {
    let blocks = parse(text);
    html! {
        div.prose {
            @for block in &blocks {
                @match block {
                    Block::Heading(text) => h3 { (inline(text)) },
                    Block::Paragraph(text) => p { (inline(text)) },
                    Block::Code(text) => pre.source tabindex="0" { (text) },
                    Block::Bullets(items) => ul { @for item in items { li { (inline(item)) } } },
                    Block::Numbers(items) => ol { @for item in items { li { (inline(item)) } } },
                }
            }
        }
    }
}

/// Renders Rego with its comments, strings, numbers and keywords marked.
#[must_use]
pub fn rego(source: &str) -> Markup {
    html! { pre.source tabindex="0" role="group" aria-label="Rego source" { @for line in source.lines() { (rego_line(line)) "\n" } } }
}

enum Block {
    Heading(String),
    Paragraph(String),
    Code(String),
    Bullets(Vec<String>),
    Numbers(Vec<String>),
}

fn parse(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            continue;
        }
        if trimmed.starts_with("```") {
            let code: Vec<&str> = lines.by_ref().take_while(|l| !l.trim_start().starts_with("```")).collect();
            blocks.push(Block::Code(code.join("\n")));
        } else if trimmed.starts_with('#') {
            blocks.push(Block::Heading(trimmed.trim_start_matches('#').trim().to_owned()));
        } else if let Some(item) = bullet(trimmed) {
            match blocks.last_mut() {
                Some(Block::Bullets(items)) => items.push(item.to_owned()),
                _ => blocks.push(Block::Bullets(vec![item.to_owned()])),
            }
            continue_item(&mut blocks, &mut lines);
        } else if let Some(item) = number(trimmed) {
            match blocks.last_mut() {
                Some(Block::Numbers(items)) => items.push(item.to_owned()),
                _ => blocks.push(Block::Numbers(vec![item.to_owned()])),
            }
            continue_item(&mut blocks, &mut lines);
        } else {
            let mut paragraph = trimmed.to_owned();
            while let Some(next) = lines.peek().map(|l| l.trim()) {
                if next.is_empty()
                    || next.starts_with("```")
                    || bullet(next).is_some()
                    || number(next).is_some()
                {
                    break;
                }
                paragraph.push(' ');
                paragraph.push_str(next);
                lines.next();
            }
            blocks.push(Block::Paragraph(paragraph));
        }
    }
    blocks
}

/// Joins indented lines that continue the last item.
fn continue_item<'a>(blocks: &mut [Block], lines: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) {
    while let Some(next) = lines.peek().filter(|l| l.starts_with("  ") && !l.trim().is_empty()) {
        if bullet(next.trim()).is_some() || number(next.trim()).is_some() || next.trim().starts_with("```") {
            break;
        }
        if let Some(Block::Bullets(items) | Block::Numbers(items)) = blocks.last_mut()
            && let Some(item) = items.last_mut()
        {
            item.push(' ');
            item.push_str(next.trim());
        }
        lines.next();
    }
}

fn bullet(line: &str) -> Option<&str> {
    line.strip_prefix("- ").or_else(|| line.strip_prefix("* "))
}

fn number(line: &str) -> Option<&str> {
    let (digits, rest) = line.split_once(". ")?;
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then_some(rest)
}

/// Text with `code` and **strong**, which may hold code.
fn inline(text: &str) -> Markup {
    let mut pieces = Vec::new();
    let mut is_strong = false;
    for (at, part) in text.split('`').enumerate() {
        if at % 2 == 1 {
            pieces.push((part, true, is_strong));
            continue;
        }
        for (at, part) in part.split("**").enumerate() {
            is_strong ^= at > 0;
            pieces.push((part, false, is_strong));
        }
    }
    html! {
        @for (part, is_code, is_strong) in pieces.into_iter().filter(|(part, ..)| !part.is_empty()) {
            @match (is_code, is_strong) {
                (true, true) => strong { code { (part) } },
                (true, false) => code { (part) },
                (false, true) => strong { (part) },
                (false, false) => (part),
            }
        }
    }
}

const KEYWORDS: [&str; 15] = [
    "package", "import", "default", "if", "contains", "some", "every", "in", "not", "else", "with", "as",
    "true", "false", "null",
];

fn rego_line(line: &str) -> Markup {
    let mut tokens: Vec<(&str, std::ops::Range<usize>)> = Vec::new();
    let mut at = 0;
    while let Some(first) = line[at..].chars().next() {
        let rest = &line[at..];
        let (class, length) = match first {
            '#' => ("c", rest.len()),
            '"' | '`' => ("s", quoted(rest, first)),
            c if c.is_ascii_digit() => ("n", run(rest, |c| c.is_ascii_alphanumeric() || c == '.')),
            c if c.is_alphabetic() || c == '_' => {
                let length = run(rest, |c| c.is_alphanumeric() || c == '_');
                (if KEYWORDS.contains(&&rest[..length]) { "k" } else { "" }, length)
            }
            _ => ("", run(rest, |c| !(c.is_alphanumeric() || "#\"`_".contains(c)))),
        };
        match tokens.last_mut() {
            Some(("", range)) if class.is_empty() => range.end += length,
            _ => tokens.push((class, at..at + length)),
        }
        at += length;
    }
    html! {
        @for (class, range) in tokens {
            @if class.is_empty() { (line[range]) } @else { span class=(class) { (line[range]) } }
        }
    }
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote && !escaped {
            return at + 1;
        }
        escaped = quote == '"' && c == '\\' && !escaped;
    }
    text.len()
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.char_indices().skip(1).find(|(_, c)| !belongs(*c)).map_or(text.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_escaped_and_structured() {
        let html = markdown("Set **`PermitRootLogin no`** in <b>\n\n1. Edit\n   the file\n2. Run:\n\n```\nsshd -t && x\n```\n").0;
        assert!(html.contains("Set <strong><code>PermitRootLogin no</code></strong> in &lt;b&gt;"), "{html}");
        assert!(html.contains("<ol><li>Edit the file</li><li>Run:</li></ol>"), "{html}");
        assert!(html.contains("sshd -t &amp;&amp; x"), "{html}");
    }

    #[test]
    fn rego_keeps_every_character() {
        let line = r#"verdict := "fail" if { count(bad) > 0; é := `a<b` } # why <script>"#;
        let text = rego_line(line).0.replace("</span>", "");
        let text = ["c", "k", "s", "n"]
            .iter()
            .fold(text, |text, class| text.replace(&format!("<span class=\"{class}\">"), ""))
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&quot;", "\"");
        assert_eq!(text, line);
    }
}
