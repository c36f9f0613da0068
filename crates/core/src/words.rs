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

/// Returns a text without space at its ends; none if it has more characters than `max`, or control characters other than
/// line feeds.
pub(crate) fn readable(text: &str, max: usize) -> Option<String> {
    let text = text.trim();
    let is_readable = text.chars().count() <= max && !text.chars().any(|c| c.is_control() && c != '\n');
    is_readable.then(|| text.to_owned())
}
