//! What people are told about their own account by mail, so that they notice what they did not do themselves.
//!
//! Source: OWASP ASVS 5.0, 6.3.7 (notice on a change of what somebody signs in with); `docs/domain/identity.md` section 1.6.

/// Something that happened to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Alert {
    /// Another password.
    PasswordChanged,
    /// A passkey was added.
    PasskeyAdded,
    /// A passkey was removed.
    PasskeyRemoved,
    /// An authenticator app was added, or took the place of another one.
    AppAdded,
    /// The authenticator app was removed.
    AppRemoved,
    /// New recovery codes.
    CodesRenewed,
    /// A recovery code was used.
    RecoveryUsed,
    /// Something of it was replaced by a link, or taken away.
    Reset,
    /// Somebody signed in from a network that was not seen before.
    NewNetwork,
    /// A token was made, with which a program acts for them.
    TokenMade,
    /// Somebody at an identity provider comes in as them.
    ProviderLinked,
    /// Roles were given or taken.
    RolesChanged,
    /// The address with which they sign in is another one.
    EmailChanged,
}

impl Alert {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::PasswordChanged,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
        Self::AppAdded,
        Self::AppRemoved,
        Self::CodesRenewed,
        Self::RecoveryUsed,
        Self::Reset,
        Self::NewNetwork,
        Self::TokenMade,
        Self::ProviderLinked,
        Self::RolesChanged,
        Self::EmailChanged,
    ];

    /// Returns what an event of the audit trail about an account tells its owner; none for what is no news to them.
    #[must_use]
    pub fn of_event(word: &str) -> Option<&'static str> {
        Some(match word {
            "factor.password_set" => Self::PasswordChanged.sentence(),
            "factor.enrolled" => "Something to sign in with was added to your account.",
            "factor.removed" => "Something to sign in with was removed from your account.",
            "factor.codes_renewed" => Self::CodesRenewed.sentence(),
            "factor.reset" => Self::Reset.sentence(),
            "factor.reset_offered" => {
                "A link was made by which your password or authenticator can be replaced."
            }
            "idp.linked" => Self::ProviderLinked.sentence(),
            "idp.unlinked" => "An account at an identity provider does not sign in as you any more.",
            "role.granted" | "role.revoked" => Self::RolesChanged.sentence(),
            "member.address_changed" => Self::EmailChanged.sentence(),
            "member.address_asked" => "Another address was asked for; a letter went to it.",
            "member.validity_set" => "Until when you are a member was changed.",
            "member.signed_out" => "All your sessions were ended.",
            "member.suspended" => "Your membership was suspended.",
            "member.resumed" => "Your membership counts again.",
            "member.systems_assigned" => "The systems that you are assigned to were changed.",
            "auth.failed" => "Somebody tried to sign in to your account, and did not get in.",
            "auth.locked" => "Your account was closed to attempts for a time.",
            _ => return None,
        })
    }

    /// Returns what happened, as a sentence to its owner.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::PasswordChanged => "Your password was changed.",
            Self::PasskeyAdded => "A passkey was added to your account.",
            Self::PasskeyRemoved => "A passkey was removed from your account.",
            Self::AppAdded => "An authenticator app was added to your account.",
            Self::AppRemoved => "The authenticator app was removed from your account.",
            Self::CodesRenewed => "Your account has new recovery codes; those before do not work any more.",
            Self::RecoveryUsed => "Somebody signed in to your account with one of your recovery codes.",
            Self::Reset => "What you sign in with was reset; all sessions ended.",
            Self::NewNetwork => "Somebody signed in to your account from a network that was not seen before.",
            Self::TokenMade => "A token was made with which a program acts for you.",
            Self::ProviderLinked => {
                "An account at your organization's identity provider signs in as you from now on."
            }
            Self::RolesChanged => "Your roles were changed.",
            Self::EmailChanged => "The address with which you sign in was changed.",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn events_that_are_no_news_say_nothing() {
        assert_eq!(Alert::of_event("factor.reset"), Some(Alert::Reset.sentence()));
        assert_eq!(Alert::of_event("auth.login"), None);
    }

    #[test]
    fn each_alert_says_something_of_its_own() {
        let all: BTreeSet<&str> = Alert::ALL.into_iter().map(Alert::sentence).collect();
        assert_eq!(all.len(), Alert::ALL.len());
        assert!(
            all.iter().all(|one| one.ends_with('.') && one.chars().next().is_some_and(char::is_uppercase))
        );
    }
}
