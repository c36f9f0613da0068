//! Words of fixed sets, one that is kept and one that people read; texts that people write.

/// Gives an enum without fields its words: `ALL`, `word`, `title` and, to read the word again, `from_word`.
macro_rules! words_of {
    ($name:ident { $($variant:ident = $word:literal, $title:literal;)+ }) => {
        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the word used in storage and addresses.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Returns what people call it.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),+ }
            }

            /// Reads the word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }
    };
}

pub(crate) use words_of;

/// Returns a text of at most so many characters, and a sign where the rest is left out.
#[must_use]
pub fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

/// Returns a text without space at its ends; none if it has more characters than `max`, or control characters other than
/// line feeds.
#[must_use]
pub fn readable(text: &str, max: usize) -> Option<String> {
    let text = text.trim();
    let is_readable = text.chars().count() <= max && !text.chars().any(|c| c.is_control() && c != '\n');
    is_readable.then(|| text.to_owned())
}

/// Percent-encodes text for one segment of a path.
#[must_use]
pub fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_segment_ends_it() {
        assert_eq!(segment("CC6.1"), "CC6.1");
        assert_eq!(segment("a/../b\"<"), "a%2F..%2Fb%22%3C");
    }
}
