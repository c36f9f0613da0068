//! Words of fixed sets: one that is kept, one that people read.

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
