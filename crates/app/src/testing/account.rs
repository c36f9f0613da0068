//! Somebody with an account, with what they sign in with.

use std::collections::BTreeSet;
use std::net::IpAddr;

use tickmark_core::identity::Role;
use tickmark_core::identity::throttle::Network;
use tickmark_core::identity::totp::{STEP_SECONDS, Seed};

use super::World;
use crate::identity::people::{self, Joining, Link, Member};
use crate::identity::session::{Attempt, Origin, SignIn};
use crate::{Actor, App, Result};

/// A person as they know themselves.
#[derive(Clone, Debug)]
pub struct Account {
    /// Their address.
    pub email: String,
    /// Their password.
    pub password: String,
    /// Their authenticator.
    pub seed: Seed,
    /// The cookie of the session in which they joined.
    pub token: [u8; 32],
    /// Their recovery codes.
    pub codes: Vec<String>,
}

impl Account {
    /// Returns what the authenticator shows at the moment of the program's clock, `ahead` steps later.
    #[must_use]
    pub fn code(&self, app: &App, ahead: i64) -> String {
        self.seed.code(app.now().seconds().div_euclid(STEP_SECONDS) + ahead)
    }

    /// Signs in with the code that is shown, from where the test is.
    ///
    /// # Errors
    /// As [`App::sign_in`].
    pub async fn sign_in(&self, app: &App) -> Result<SignIn> {
        let code = self.code(app, 0);
        let attempt =
            Attempt { email: &self.email, password: &self.password, code: &code, organization: None };
        app.sign_in(attempt, &World::origin("127.0.0.1")).await
    }

    /// Signs in a step later, so that the code is a new one; returns the actor.
    ///
    /// # Panics
    /// If they are not in.
    pub async fn actor(&self, world: &World, app: &App) -> Actor {
        world.wait(STEP_SECONDS);
        let SignIn::Done(token) = self.sign_in(app).await.expect("signing in") else {
            panic!("{} is not in", self.email)
        };
        app.resume(&token, "test").await.expect("resuming").expect("a session")
    }
}

impl World {
    /// Returns a request from an address.
    ///
    /// # Panics
    /// If it is no address.
    #[must_use]
    pub fn origin(address: &str) -> Origin {
        let address: IpAddr = address.parse().expect("an address");
        Origin {
            network: Network::of(address),
            agent: "a test".to_owned(),
            request: "0123456789ab".to_owned(),
        }
    }

    /// Lets somebody new in by a link.
    ///
    /// # Panics
    /// If they are not let in.
    pub async fn join(&self, app: &App, link: &Link, email: &str, name: &str) -> Account {
        let invited = app.invited(&link.secret).await.expect("an open link");
        let mut account = Account {
            email: email.to_owned(),
            password: format!("a word of {email} and more"),
            seed: invited.seed,
            token: [0; 32],
            codes: Vec::new(),
        };
        let code = account.code(app, 0);
        let joining = Joining { email, name, password: &account.password, code: &code, passkey: None };
        let joined = app.join(&link.secret, joining, &Self::origin("127.0.0.1")).await.expect("joining");
        account.token = joined.token;
        account.codes = joined.recovery_codes.iter().map(|code| code.to_string()).collect();
        account
    }

    /// Makes the first owner, `owner@example.com`.
    ///
    /// # Panics
    /// If there is one.
    pub async fn owner(&self, app: &App, program: &Actor) -> Account {
        let link = app.transact(program, async |cx| people::offer_set_up(cx).await).await.expect("a link");
        self.join(app, &link.expect("no owner yet"), "owner@example.com", "Olu Owner").await
    }

    /// Makes a member, invited on the machine.
    ///
    /// # Panics
    /// If that fails.
    pub async fn member(&self, app: &App, program: &Actor, name: &str, roles: &[Role]) -> Account {
        let email = format!("{}@example.com", name.to_lowercase());
        let roles: BTreeSet<Role> = roles.iter().copied().collect();
        let link = app
            .transact(program, async |cx| people::invite(cx, &email, &roles).await)
            .await
            .expect("an invitation");
        self.join(app, &link, &email, name).await
    }

    /// Finds a member by address, as the program sees them.
    ///
    /// # Panics
    /// If there is none.
    pub async fn find_member(&self, app: &App, program: &Actor, email: &str) -> Member {
        let all = app.read(program, async |view| people::members(view).await).await.expect("members");
        all.into_iter().find(|member| member.email == email).expect("a member")
    }
}
