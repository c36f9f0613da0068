//! One's own time zone, and how one is reminded, in every organization that one is in. Only the person themselves reads and
//! sets it: no permission of a token is about it, and a token that was lost could otherwise keep its maker from being told.

use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::identity::setting::{self, PersonSettings};
use tickmark_app::{Error, View, mail};
use tickmark_core::Digest;
use tickmark_core::identity::Resource::Notification;
use tickmark_core::identity::Verb::Update;
use tickmark_core::program::reminder::Preference;
use tickmark_core::zone::Zone;

use super::BASE;
use super::answer::Answered;
use super::call::{Call, Taken, done, write};
use super::looking::Looking;
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::parsed;
use crate::WebState;
use crate::route::{get, put};
use crate::visit::Asked;

const WAYS: [&str; 4] = ["in_app", "each", "daily", "weekly"];

pub(super) static LOOKS: &[Operation] = &[Operation::one::<Reminders>(
    "getReminders",
    ("/reminders", "/reminders"),
    "One's own time zone and how one is reminded; its tag is the version",
    Notification,
    || get(own),
)
.for_members()
.for_people()];

pub(super) static WRITES: &[Writing] = &[Writing::put::<NewReminders, Reminders>(
    "changeReminders",
    ("/reminders", "/reminders"),
    "Sets one's own time zone and how one is reminded, in every organization that one is in",
    (Notification, Update),
    || put(set),
)
.versioned()
.for_members()
.for_people()];

/// What somebody has set for themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
struct Reminders {
    /// Such as `Europe/Vienna`; null for that of the organization.
    time_zone: Option<String>,
    /// Only in the pages, by a letter for each thing, by one each morning, or by one each Monday morning.
    #[schemars(extend("enum" = WAYS))]
    way: String,
    /// Whether mail goes out here at all.
    is_mailed: bool,
}

/// What somebody sets for themselves.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewReminders {
    /// Such as `Europe/Vienna`; null for that of the organization.
    #[schemars(length(min = 1, max = 60))]
    time_zone: Option<String>,
    #[schemars(extend("enum" = WAYS))]
    way: String,
}

impl Taken for NewReminders {}

impl Reminders {
    async fn of(view: &mut View<'_>) -> Result<Self, Error> {
        let own = setting::own(view).await?;
        Ok(Self {
            time_zone: own.zone.map(|zone| zone.name().to_owned()),
            way: own.reminders.word().to_owned(),
            is_mailed: mail::is_on(view.app),
        })
    }

    fn tag(&self) -> String {
        let text = format!("{} {}", self.time_zone.as_deref().unwrap_or_default(), self.way);
        Digest::of(text.as_bytes()).hex()[..16].to_owned()
    }
}

impl NewReminders {
    fn read(&self) -> Result<PersonSettings, Error> {
        Ok(PersonSettings {
            zone: self.time_zone.as_deref().map(|name| parsed::<Zone>("time_zone", name)).transpose()?,
            reminders: parsed::<Preference>("way", &self.way)?,
        })
    }
}

async fn own(look: Looking) -> Answered {
    look.tagged(async |view| {
        let own = Reminders::of(view).await?;
        let tag = own.tag();
        Ok((own, tag))
    })
    .await
}

async fn set(State(state): State<WebState>, asked: Asked, call: Call<NewReminders>) -> Answered {
    let from = call.version()?.to_owned();
    write(&state, &asked, &call, async |cx| {
        let before = Reminders::of(cx).await?;
        if before.tag() != from {
            return stale(&before, &before.tag(), None);
        }
        setting::set_own(cx, &call.body.read()?).await?;
        let after = Reminders::of(cx).await?;
        done(StatusCode::OK, &after, &after.tag(), &format!("{BASE}/reminders"))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_schema_are_those_of_the_subject() {
        assert_eq!(WAYS.to_vec(), Preference::ALL.map(Preference::word));
    }
}
