//! What an organization sets: its time zone, how dates are written, when others are told of what nobody did, and how people
//! sign in. People change it, no token does.

use axum::extract::State;
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::identity::setting::{self, OrganizationSettings};
use tickmark_app::identity::{Version, session};
use tickmark_app::{Error, View};
use tickmark_core::Digest;
use tickmark_core::identity::Resource::Organization;
use tickmark_core::identity::SignInRule;
use tickmark_core::identity::Verb::Update;
use tickmark_core::zone::{DateStyle, Zone};

use super::BASE;
use super::answer::Answered;
use super::call::{Call, Done, Taken, done, write};
use super::looking::Looking;
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::{AS_OF, parsed};
use crate::WebState;
use crate::route::{get, put};
use crate::visit::Asked;

const RULES: [&str; 5] =
    ["second_factor", "passkey_of_privileged", "passkey", "attested_of_privileged", "attested"];

pub(super) static LOOKS: &[Operation] = &[
    Operation::one::<Settings>(
        "getSettings",
        ("/settings", "/settings"),
        "What the organization sets; its tag is the version",
        Organization,
        || get(settings),
    ),
    Operation::list::<SettingsVersion>(
        "listSettingsVersions",
        ("/settings/versions", "/settings/versions"),
        "What the organization has set, oldest first; nothing where nobody changed what holds by default",
        Organization,
        || get(versions),
    )
    .filtered(AS_OF),
    Operation::one::<SignIn>(
        "getSignInRule",
        ("/settings/sign-in", "/settings/sign-in"),
        "What is asked of people when they sign in; its tag is the version",
        Organization,
        || get(sign_in),
    ),
    Operation::list::<SignInVersion>(
        "listSignInRuleVersions",
        ("/settings/sign-in/versions", "/settings/sign-in/versions"),
        "What was asked of people when they sign in, oldest first; nothing where nobody changed what holds by default",
        Organization,
        || get(sign_in_versions),
    )
    .filtered(AS_OF),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::put::<Settings, Settings>(
        "changeSettings",
        ("/settings", "/settings"),
        "Sets what holds in the organization from now on",
        (Organization, Update),
        || put(set),
    )
    .versioned()
    .for_people(),
    Writing::put::<NewSignIn, SignIn>(
        "changeSignInRule",
        ("/settings/sign-in", "/settings/sign-in"),
        "Sets what is asked of people when they sign in, from everybody's next request on",
        (Organization, Update),
        || put(set_sign_in),
    )
    .versioned()
    .for_people(),
];

/// What an organization sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The zone of whoever has chosen none, e.g. `Europe/Vienna`.
    #[schemars(length(min = 1, max = 60))]
    time_zone: String,
    /// How dates are written; one of the words that the settings page offers.
    #[schemars(length(min = 1, max = 40))]
    date_style: String,
    /// Days after which others are told of what nobody did; 0: never.
    #[schemars(range(max = 90))]
    escalate_days: u32,
}

impl From<&OrganizationSettings> for Settings {
    fn from(settings: &OrganizationSettings) -> Self {
        Self {
            time_zone: settings.zone.name().to_owned(),
            date_style: settings.style.word().to_owned(),
            escalate_days: settings.escalate_days,
        }
    }
}

/// What an organization set at a moment.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct SettingsVersion {
    since: String,
    by: String,
    settings: Settings,
}

impl From<&setting::SettingsVersion> for SettingsVersion {
    fn from(version: &setting::SettingsVersion) -> Self {
        Self {
            since: version.since.to_string(),
            by: version.by.to_string(),
            settings: Settings::from(&version.settings),
        }
    }
}

impl Settings {
    fn read(&self) -> Result<OrganizationSettings, Error> {
        Ok(OrganizationSettings {
            zone: parsed::<Zone>("time_zone", &self.time_zone)?,
            style: parsed::<DateStyle>("date_style", &self.date_style)?,
            escalate_days: self.escalate_days,
        })
    }

    fn tag(&self) -> String {
        let text = format!("{} {} {}", self.time_zone, self.date_style, self.escalate_days);
        Digest::of(text.as_bytes()).hex()[..16].to_owned()
    }
}

/// What is asked of people when they sign in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct SignIn {
    #[schemars(extend("enum" = RULES))]
    rule: String,
}

/// What was asked of people at a time.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct SignInVersion {
    version: i64,
    since: String,
    /// Who set it; null where that was not kept yet.
    by: Option<String>,
    /// Why; empty where nobody was asked.
    reason: String,
    #[schemars(extend("enum" = RULES))]
    rule: String,
}

impl From<&Version<SignInRule>> for SignInVersion {
    fn from(version: &Version<SignInRule>) -> Self {
        Self {
            version: version.number,
            since: version.since.to_string(),
            by: version.by.map(|by| by.to_string()),
            reason: version.reason.clone(),
            rule: version.record.word().to_owned(),
        }
    }
}

/// What shall be asked.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewSignIn {
    #[schemars(extend("enum" = RULES))]
    rule: String,
    /// Why.
    #[schemars(length(min = 1, max = 2_000))]
    reason: String,
}

impl Taken for Settings {}
impl Taken for NewSignIn {}

async fn settings(look: Looking) -> Answered {
    look.tagged(async |view| {
        let now = current(view).await?;
        let tag = now.tag();
        Ok((now, tag))
    })
    .await
}

async fn sign_in(look: Looking) -> Answered {
    look.tagged(async |view| {
        let rule = session::rule(view).await?.word().to_owned();
        Ok((SignIn { rule: rule.clone() }, rule))
    })
    .await
}

async fn sign_in_versions(look: Looking) -> Answered {
    look.versions(
        async |view| session::rule_versions(view).await,
        |version| version.since,
        |item: &SignInVersion| item.version.to_string(),
    )
    .await
}

async fn versions(look: Looking) -> Answered {
    look.versions(
        async |view| setting::versions(view).await,
        |version| version.since,
        |item: &SettingsVersion| item.since.clone(),
    )
    .await
}

async fn current(view: &mut View<'_>) -> Result<Settings, Error> {
    Ok(Settings::from(&setting::organization(view).await?))
}

async fn set(State(state): State<WebState>, asked: Asked, call: Call<Settings>) -> Answered {
    let from = call.version()?.to_owned();
    write(&state, &asked, &call, async |cx| {
        let before = current(cx).await?;
        if before.tag() != from {
            return stale(&before, &before.tag(), None);
        }
        setting::set_organization(cx, &call.body.read()?).await?;
        let after = current(cx).await?;
        done(StatusCode::OK, &after, &after.tag(), &format!("{BASE}/settings"))
    })
    .await
}

async fn set_sign_in(State(state): State<WebState>, asked: Asked, call: Call<NewSignIn>) -> Answered {
    let from = call.version()?.to_owned();
    write(&state, &asked, &call, async |cx| {
        let said = |rule: SignInRule| SignIn { rule: rule.word().to_owned() };
        let before = session::rule(cx).await?;
        if before.word() != from {
            return stale(&said(before), before.word(), Some(&SignIn { rule: from }));
        }
        let wanted = SignInRule::of_word(&call.body.rule)
            .ok_or_else(|| Error::invalid(format!("there is no rule {:?}", call.body.rule)))?;
        session::set_rule(cx, wanted, &call.body.reason).await?;
        sign_in_done(&said(wanted))
    })
    .await
}

fn sign_in_done(rule: &SignIn) -> Result<Done, Error> {
    done(StatusCode::OK, rule, &rule.rule, &format!("{BASE}/settings/sign-in"))
}
