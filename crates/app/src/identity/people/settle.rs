//! Who came in by a link: made, with what they sign in with, or known by what they showed.

use tickmark_core::id::PersonId;
use tickmark_core::identity::totp::Seed;
use tickmark_core::identity::{Email, Factor};
use zeroize::Zeroizing;

use super::super::audit::{self, Event, Name};
use super::super::credential::{self, NewPassword, Shown};
use super::super::passkey::{self, NewKey, Verified};
use super::super::session::{Origin, Proof, SignIn};
use super::sql;
use crate::context::Cx;
use crate::{Error, Result};

/// What the first passkey of somebody is called until they call it something else.
const FIRST_PASSKEY: &str = "First passkey";

/// Who comes in, as far as was examined outside of the transaction.
pub(super) enum Coming {
    New { name: String, password: NewPassword, second: Second },
    Known(Shown),
    KnownByPasskey(Verified),
}

/// What somebody new shows beside the password.
pub(super) enum Second {
    /// A code of this step.
    App(i64),
    /// A passkey, made for this person.
    Passkey(PersonId, NewKey),
}

/// Who came in, with new recovery codes if they are new, and what they showed.
pub(super) struct Settled {
    pub(super) person: PersonId,
    pub(super) codes: Vec<Zeroizing<String>>,
    pub(super) proof: Proof,
}

impl Settled {
    /// Somebody who was here before.
    fn known(person: PersonId, proof: Proof) -> Self {
        Self { person, codes: Vec::new(), proof }
    }
}

/// Makes the person and what they sign in with, or uses up what they showed.
pub(super) async fn settle(
    cx: &mut Cx<'_>,
    email: &Email,
    person: Option<PersonId>,
    coming: &Coming,
    seed: &Seed,
    origin: &Origin,
) -> Result<Settled> {
    match (coming, person) {
        (Coming::Known(shown), Some(person)) => match shown.take(cx).await? {
            Some(_) => Ok(Settled::known(person, Proof::other(Factor::Code))),
            None => Err(Error::invalid(SignIn::NO)),
        },
        (Coming::KnownByPasskey(verified), Some(person)) => {
            if verified.person != person || !verified.take(cx, &origin.request).await? {
                return Err(Error::invalid(passkey::refusal("")));
            }
            Ok(Settled::known(person, Proof::passkey(verified.passkey())))
        }
        (Coming::Known(_) | Coming::KnownByPasskey(_), None) => Err(Error::conflict("the person is gone")),
        (Coming::New { name, password, second }, person) => {
            let id = match (second, person) {
                (Second::Passkey(made_for, _), Some(person)) if *made_for != person => {
                    return Err(Error::conflict(
                        "somebody else joined with this address; open the link again",
                    ));
                }
                (Second::Passkey(made_for, _), _) => *made_for,
                (Second::App(_), Some(person)) => person,
                (Second::App(_), None) => PersonId(cx.new_id()),
            };
            if credential::is_enrolled(cx.connection(), id).await? {
                return Err(Error::conflict("somebody enrolled with this address; open the link again"));
            }
            let now = cx.now;
            match person {
                Some(_) => sql::rename(cx.connection(), id, name).await?,
                None => sql::insert_person(cx.connection(), id, email, name, now).await?,
            }
            credential::set_password(cx, id, password).await?;
            match second {
                Second::App(step) => {
                    let codes = credential::enroll(cx, id, seed, *step).await?;
                    audit::record(cx, Event::done(Name::FactorEnrolled, "person", id)).await?;
                    Ok(Settled { person: id, codes, proof: Proof::other(Factor::Code) })
                }
                Second::Passkey(_, key) => {
                    let passkey = passkey::keep(cx, id, key, FIRST_PASSKEY).await?;
                    let codes = credential::renew_codes(cx, id).await?;
                    Ok(Settled { person: id, codes, proof: Proof::passkey(passkey) })
                }
            }
        }
    }
}
