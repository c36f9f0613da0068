//! What can be said about a control apart from its text: kind, nature, frequency.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a word is not one of a fixed set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{word:?} is not a {what}")]
pub struct UnknownWord {
    /// What was expected, e.g. `frequency`.
    pub what: &'static str,
    /// What was given.
    pub word: String,
}

/// Brings "semi-annual", "Semi annual" and "semi_annual" to one form.
fn normal(text: &str) -> String {
    text.trim().to_ascii_lowercase().replace([' ', '-'], "_")
}

macro_rules! word_enum {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$variant_doc:meta])* $variant:ident = $word:literal, $plain:literal $(, also $also:literal)*;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// All values, in order.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// Returns the word used in files and storage.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            /// Returns the words for people.
            #[must_use]
            pub fn plain(self) -> &'static str {
                match self { $(Self::$variant => $plain,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.plain())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match normal(text).as_str() {
                    $($word $(| $also)* => Ok(Self::$variant),)+
                    _ => Err(UnknownWord { what: $what, word: text.to_owned() }),
                }
            }
        }
    };
}

word_enum! {
    /// What a control does about a risk.
    ControlKind, "kind of control" {
        /// Keeps it from happening.
        Preventive = "preventive", "preventive", also "p";
        /// Notices that it happened.
        Detective = "detective", "detective", also "d";
        /// Puts it right.
        Corrective = "corrective", "corrective", also "c";
    }
}

word_enum! {
    /// Who or what performs a control.
    Nature, "nature of control" {
        /// A person.
        Manual = "manual", "manual", also "m";
        /// A system.
        Automated = "automated", "automated", also "a";
        /// A person who acts on the output of a system, which is then information produced by the entity.
        ItDependentManual = "it_dependent_manual", "IT-dependent manual", also "itdm";
    }
}

word_enum! {
    /// How often a control activity is performed. It belongs to the activity, not to the transactions it looks at:
    /// a weekly review of 300 items is weekly.
    Frequency, "frequency" {
        /// All the time, by a system.
        Continuous = "continuous", "continuous";
        /// Many times a day.
        ManyTimesADay = "many_times_a_day", "many times a day", also "transactional";
        /// Each day or business day.
        Daily = "daily", "daily";
        /// Each week.
        Weekly = "weekly", "weekly";
        /// Twice a month.
        SemiMonthly = "semi_monthly", "semi-monthly";
        /// Each month.
        Monthly = "monthly", "monthly";
        /// Each quarter.
        Quarterly = "quarterly", "quarterly";
        /// Twice a year.
        SemiAnnual = "semi_annual", "semi-annual";
        /// Once a year.
        Annual = "annual", "annual", also "yearly";
        /// Whenever its trigger occurs. Needs a population built by the trigger, never by the evidence.
        PerOccurrence = "per_occurrence", "per occurrence", also "event_driven";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_and_customary_forms_are_understood() {
        for &frequency in Frequency::ALL {
            assert_eq!(frequency.word().parse(), Ok(frequency));
            assert_eq!(frequency.plain().parse(), Ok(frequency));
        }
        assert_eq!("Semi-annual".parse(), Ok(Frequency::SemiAnnual));
        assert_eq!("ITDM".parse(), Ok(Nature::ItDependentManual));
        assert_eq!("P".parse(), Ok(ControlKind::Preventive));
        let refused = "fortnightly".parse::<Frequency>().expect_err("not a word of ours");
        assert_eq!(refused.to_string(), "\"fortnightly\" is not a frequency");
    }
}
