//! API tokens: what acts for whom, and the ways to make one and take it back. Only people do this, with the session of a
//! browser: no token makes, sees or ends another one.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::Error;
use tickmark_app::identity::token::{self, Token as Record};
use tickmark_core::Timestamp;
use tickmark_core::identity::Resource::Token as Tokens;
use tickmark_core::identity::Verb::{Create, Delete};
use tickmark_core::identity::token::Given;

use super::BASE;
use super::answer::Answered;
use super::call::{Call, Taken, done, write, write_telling};
use super::looking::Looking;
use super::operation::{Operation, Writing};
use super::words::{Nothing, parsed};
use crate::WebState;
use crate::error::Refusal;
use crate::route::{get, post};
use crate::visit::Asked;

pub(super) static LOOKS: &[Operation] = &[Operation::list::<Token>(
    "listTokens",
    ("/tokens", "/tokens"),
    "API tokens, newest first: one's own, or those of everybody for whoever may see them all",
    Tokens,
    || get(list),
)
.narrowed()
.for_people()];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewToken, Token>(
        "makeToken",
        ("/tokens", "/tokens"),
        "Makes a token that acts for whoever makes it, with a fresh proof of who they are; it is told this once",
        (Tokens, Create),
        || post(make),
    )
    .created()
    .for_people(),
    Writing::post::<Nothing, Token>(
        "revokeToken",
        ("/tokens/{id}/revocation", "/tokens/00000000-0000-7000-8000-000000000000/revocation"),
        "Takes a token back: it does nothing from now on",
        (Tokens, Delete),
        || post(revoke),
    )
    .for_people(),
];

/// A token.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Token {
    id: String,
    /// The membership that it acts for.
    membership: String,
    name: String,
    /// What it was given.
    permissions: Vec<String>,
    /// Ids of the systems that it is for; null: as far as whoever it acts for reaches.
    systems: Option<Vec<String>>,
    /// From where it works; empty: from anywhere.
    addresses: Vec<String>,
    made_at: String,
    expires_at: String,
    /// The last request, at most an hour old.
    used_at: Option<String>,
    revoked_at: Option<String>,
    /// Whether it works, as far as that is its own matter.
    is_open: bool,
    /// The token itself. Told once, by the answer that made it, and not again for the same key.
    token: Option<String>,
}

impl Token {
    fn of(one: &Record, now: Timestamp) -> Self {
        let given = &one.given;
        Self {
            id: one.id.to_string(),
            membership: one.membership.to_string(),
            name: one.name.clone(),
            permissions: given.atoms.iter().map(ToString::to_string).collect(),
            systems: given.systems.as_ref().map(|ids| ids.iter().map(ToString::to_string).collect()),
            addresses: given.addresses.iter().map(ToString::to_string).collect(),
            made_at: one.made_at.to_string(),
            expires_at: one.expires_at.to_string(),
            used_at: one.used_at.map(|at| at.to_string()),
            revoked_at: one.revoked_at.map(|at| at.to_string()),
            is_open: one.is_open(now),
            token: None,
        }
    }
}

/// A token to be made.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    /// What it is for.
    #[schemars(length(min = 1, max = 200))]
    name: String,
    /// Permissions such as `control.read`, each one's own.
    #[schemars(length(min = 1, max = 200), inner(length(min = 3, max = 60)))]
    permissions: Vec<String>,
    #[schemars(range(min = 1, max = 365))]
    days: i64,
    /// Ids of systems; null: as far as one reaches oneself.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200), inner(length(min = 36, max = 36)))]
    systems: Option<Vec<String>>,
    /// Addresses and ranges of them, such as `203.0.113.0/24`; none: from anywhere.
    #[serde(default)]
    #[schemars(length(max = 50), inner(length(min = 2, max = 60)))]
    addresses: Vec<String>,
}

impl NewToken {
    fn read(&self) -> Result<Given, Error> {
        fn all<T: Ord + std::str::FromStr>(field: &str, words: &[String]) -> Result<BTreeSet<T>, Error> {
            words.iter().map(|word| parsed(field, word)).collect()
        }
        Ok(Given {
            atoms: all("permission", &self.permissions)?,
            systems: self.systems.as_deref().map(|ids| all("system", ids)).transpose()?,
            addresses: all("address", &self.addresses)?,
        })
    }
}

impl Taken for NewToken {}

async fn list(look: Looking) -> Answered {
    look.list(
        async |view, _| {
            let now = view.now;
            Ok(token::list(view).await?.iter().map(|one| Token::of(one, now)).collect())
        },
        |item: &Token| item.id.clone(),
    )
    .await
}

async fn make(State(state): State<WebState>, asked: Asked, call: Call<NewToken>) -> Answered {
    write_telling(&state, &asked, &call, StatusCode::CREATED, async |cx| {
        let body = &call.body;
        let (made, text) = token::create_within(cx, &body.name, body.read()?, body.days).await?;
        let made = Token::of(&made, cx.now);
        let kept = done(StatusCode::CREATED, &made, "", &format!("{BASE}/tokens"))?;
        Ok((kept, Token { token: Some(text.as_str().to_owned()), ..made }))
    })
    .await
}

async fn revoke(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        token::revoke(cx, id).await?;
        let now = cx.now;
        done(StatusCode::OK, &Token::of(&token::find(cx, id).await?, now), "", "")
    })
    .await
}
