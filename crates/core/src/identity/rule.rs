//! How strongly members of an organization must have shown who they are.
//!
//! A ladder: each step asks for no less than the one before it. An organization stands on one step; what it asks of
//! somebody depends on their roles, and the strictest of these counts.
//!
//! Source: `docs/domain/identity.md` section 1.4 (kanidm's ladder).

use std::collections::BTreeSet;

use super::decision::Factor;
use super::role::Role;

/// What an organization asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignInRule {
    /// A second factor of everybody: a code beside the password, or a passkey.
    #[default]
    SecondFactor,
    /// A passkey of owners, administrators and auditors.
    PasskeyOfPrivileged,
    /// A passkey of everybody.
    Passkey,
    /// An attested passkey of owners, administrators and auditors, and a passkey of everybody else.
    AttestedOfPrivileged,
    /// An attested passkey of everybody.
    Attested,
}

impl SignInRule {
    /// All of them, the least strict first.
    pub const ALL: [Self; 5] = [
        Self::SecondFactor,
        Self::PasskeyOfPrivileged,
        Self::Passkey,
        Self::AttestedOfPrivileged,
        Self::Attested,
    ];

    /// Returns the word used in storage and in forms.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SecondFactor => "second_factor",
            Self::PasskeyOfPrivileged => "passkey_of_privileged",
            Self::Passkey => "passkey",
            Self::AttestedOfPrivileged => "attested_of_privileged",
            Self::Attested => "attested",
        }
    }

    /// Finds the rule that has this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.word() == word)
    }

    /// Returns what is said of it to people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SecondFactor => "Password and code, or a passkey",
            Self::PasskeyOfPrivileged => "A passkey of owners, administrators and auditors",
            Self::Passkey => "A passkey of everybody",
            Self::AttestedOfPrivileged => {
                "An attested passkey of owners, administrators and auditors, a passkey of everybody else"
            }
            Self::Attested => "An attested passkey of everybody",
        }
    }

    /// Returns the least that is accepted of somebody with these roles.
    #[must_use]
    pub fn required(self, roles: &BTreeSet<Role>) -> Factor {
        let (of_others, of_privileged) = match self {
            Self::SecondFactor => (Factor::Code, Factor::Code),
            Self::PasskeyOfPrivileged => (Factor::Code, Factor::Passkey),
            Self::Passkey => (Factor::Passkey, Factor::Passkey),
            Self::AttestedOfPrivileged => (Factor::Passkey, Factor::Attested),
            Self::Attested => (Factor::Attested, Factor::Attested),
        };
        if roles.iter().any(|role| role.is_privileged()) { of_privileged } else { of_others }
    }

    /// Tells whether it asks anybody for an attested passkey.
    #[must_use]
    pub fn asks_attestation(self) -> bool {
        matches!(self, Self::AttestedOfPrivileged | Self::Attested)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stricter_rule_never_asks_for_less() {
        let one = |role| BTreeSet::from([role]);
        for roles in Role::ALL.into_iter().map(one).chain([BTreeSet::new()]) {
            let asked = SignInRule::ALL.map(|rule| rule.required(&roles));
            assert!(asked.is_sorted(), "{roles:?}: {asked:?}");
            assert!(asked[0] > Factor::Password, "nobody is in with a password alone");
        }
        let required = |rule: SignInRule, roles: &[Role]| rule.required(&roles.iter().copied().collect());
        let both = [Role::Employee, Role::Owner];
        assert_eq!(required(SignInRule::PasskeyOfPrivileged, &both), Factor::Passkey, "the strictest counts");
        assert_eq!(required(SignInRule::PasskeyOfPrivileged, &[Role::Employee]), Factor::Code);
        assert_eq!(required(SignInRule::Passkey, &[]), Factor::Passkey);
        assert_eq!(
            required(SignInRule::AttestedOfPrivileged, &both),
            Factor::Attested,
            "the strictest counts"
        );
        assert_eq!(required(SignInRule::AttestedOfPrivileged, &[Role::Employee]), Factor::Passkey);
        assert_eq!(required(SignInRule::Attested, &[]), Factor::Attested);
        let asks = SignInRule::ALL.map(SignInRule::asks_attestation);
        assert_eq!(asks, [false, false, false, true, true]);
        for rule in SignInRule::ALL {
            assert_eq!(SignInRule::of_word(rule.word()), Some(rule));
        }
    }
}
