//! The audit firm that does not exist: its people come in by links and sign in as everybody does.

use std::net::Ipv4Addr;

use tickmark_core::conclusion::scope::Day;
use tickmark_core::identity::throttle::Network;
use tickmark_core::identity::totp::{STEP_SECONDS, Seed};
use tickmark_core::time::DAY_US;

use super::{Play, SOC2, lost};
use crate::context::Cx;
use crate::engagement::fieldwork::access;
use crate::identity::people::{self, Joining, LetIn, Link};
use crate::identity::session::{self, Attempt, Origin, SignIn};
use crate::{Actor, App, Error, Result};

/// Name of the firm.
pub(super) const FIRM: &str = "Wexcombe & Thole (example)";

/// Somebody of the firm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Auditor {
    /// Name as people see it.
    pub(super) name: &'static str,
    /// Address, of a domain that is kept for examples (RFC 2606).
    pub(super) email: &'static str,
}

/// Leads the engagement, and reviews.
pub(super) const LEAD: Auditor =
    Auditor { name: "Ines Calder (example)", email: "ines.calder@wexcombe.example" };
/// Tests.
pub(super) const STAFF: Auditor =
    Auditor { name: "Rafe Dunmore (example)", email: "rafe.dunmore@wexcombe.example" };

/// Days for which the firm is let in, counted from the opening of fieldwork.
const ACCESS_DAYS: i64 = 150;
/// An address that is nobody's (RFC 5737).
const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);

/// What somebody of the firm signs in with. Drawn from the seed, so nothing is kept by it: [`hand_over`] ends it.
pub(super) struct Account {
    auditor: Auditor,
    password: String,
    seed: Seed,
}

impl Account {
    fn code(&self, app: &App) -> String {
        self.seed.code(app.now().seconds().div_euclid(STEP_SECONDS))
    }

    /// Signs in.
    pub(super) async fn sign_in(&self, play: &Play<'_>) -> Result<Actor> {
        play.pass(1);
        let code = self.code(play.app());
        let attempt =
            Attempt { email: self.auditor.email, password: &self.password, code: &code, organization: None };
        match play.app().sign_in(attempt, &origin()).await? {
            SignIn::Done(token) => resume(play, &token).await,
            _ => Err(Error::conflict(format!("{} of the example cannot sign in", self.auditor.name))),
        }
    }
}

/// Lets somebody of the firm into the examination under way; they join at once.
pub(super) async fn let_in(play: &Play<'_>, auditor: Auditor) -> Result<(Account, Actor)> {
    let app = play.app();
    play.pass(2);
    let last = Day::of(app.now().plus_micros(ACCESS_DAYS * DAY_US));
    let let_in = app
        .transact(play.people.lead(), async |cx| access::let_in(cx, SOC2, auditor.email, last).await)
        .await?;
    let LetIn::ByLink(link) = let_in else { return Err(lost("invitation of an auditor")) };
    play.pass(2);
    let seed = app.invited(&link.secret).await?.seed;
    let password = hex::encode(play.chance.bytes(&format!("password/{}", auditor.email), 0));
    let account = Account { auditor, password, seed };
    let code = account.code(app);
    let joining = Joining {
        email: auditor.email,
        name: auditor.name,
        password: &account.password,
        code: &code,
        passkey: None,
    };
    let joined = app.join(&link.secret, joining, &origin()).await?;
    let actor = resume(play, &joined.token).await?;
    Ok((account, actor))
}

/// Ends the session of somebody of the firm.
pub(super) async fn sign_out(play: &Play<'_>, auditor: &Actor) -> Result<()> {
    play.app().transact(auditor, async |cx| session::sign_out(cx).await).await
}

async fn resume(play: &Play<'_>, token: &[u8; 32]) -> Result<Actor> {
    let found = play.app().resume(token, &origin().request).await?;
    found.ok_or_else(|| lost("session of an auditor"))
}

pub(super) fn origin() -> Origin {
    Origin {
        network: Network::of(ADDRESS.into()),
        agent: "Browser of the example (fictional)".to_owned(),
        request: "example".to_owned(),
    }
}

/// Returns a link by which whoever looks around takes the place of the auditor who leads the examination. It works once.
///
/// What the people of the firm signed in with was drawn from the seed, which is no secret: it is taken away from all of them.
///
/// # Errors
/// `Forbidden` for members; `NotFound` if the example has no examination.
pub async fn hand_over(cx: &mut Cx<'_>) -> Result<Link> {
    reset(cx, STAFF).await?;
    reset(cx, LEAD).await
}

async fn reset(cx: &mut Cx<'_>, auditor: Auditor) -> Result<Link> {
    let members = people::members(cx).await?;
    let found = members.into_iter().find(|member| member.email == auditor.email);
    let member = found.ok_or_else(|| Error::not_found("auditor", auditor.email))?;
    people::reset(cx, member.id, "drawn from the seed of the example, which is no secret").await
}
