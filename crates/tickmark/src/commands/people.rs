//! `tickmark people`: accounts, from the machine. What is done here is recorded as done by the program: whoever has the data
//! folder in hand needs no account.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use serde_json::json;
use tickmark_app::identity::people::{self, Link, Member};
use tickmark_app::identity::token::{self, Token};
use tickmark_app::identity::{provider, session, system};
use tickmark_app::{Actor, App};
use tickmark_core::Timestamp;
use tickmark_core::id::SystemId;
use tickmark_core::identity::{Role, SignInRule, Standing};
use tickmark_core::time::DAY_US;
use uuid::Uuid;

use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark people list
  tickmark people invite ada@example.com --role compliance_manager
  tickmark people suspend ada@example.com --reason \"on leave\"
  tickmark people until ada@example.com 2027-03-31 --reason \"the contract ends\"
  tickmark people address ada@example.com byron@example.com --reason \"married\"
  tickmark people tokens
  tickmark people provider-off Directory --reason \"its keys were stolen\"
  tickmark people rule passkey_of_privileged --reason \"phishing\"
  tickmark people reset ada@example.com --reason \"lost the telephone\"";

/// `tickmark people`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List members, and invitations that still work.
    List,
    /// Make an invitation: prints a link that works once, for 24 hours.
    Invite {
        /// Their e-mail address.
        email: String,
        /// What they will be; several times for several roles. Here also owner and admin.
        #[arg(long, required = true)]
        role: Vec<String>,
        /// Last day of their membership, as 2027-03-31; without an end when left out.
        #[arg(long, value_name = "DAY")]
        until: Option<String>,
        #[command(flatten)]
        at: At,
    },
    /// Give a member a role. Here also owner and admin, without a second person.
    Grant {
        /// Their e-mail address.
        email: String,
        /// The role.
        role: String,
    },
    /// Take a role away.
    Revoke {
        /// Their e-mail address.
        email: String,
        /// The role.
        role: String,
        #[command(flatten)]
        why: Why,
    },
    /// Let a membership rest: whatever they are signed in to ends.
    Suspend {
        /// Their e-mail address.
        email: String,
        #[command(flatten)]
        why: Why,
    },
    /// Let a membership that rests count again.
    Resume {
        /// Their e-mail address.
        email: String,
        #[command(flatten)]
        why: Why,
    },
    /// Remove somebody from the organization. What they did stays theirs.
    Remove {
        /// Their e-mail address.
        email: String,
        #[command(flatten)]
        why: Why,
    },
    /// Say until when somebody is a member.
    Until {
        /// Their e-mail address.
        email: String,
        /// The last day, as 2027-03-31; `open` for a membership without an end.
        day: String,
        #[command(flatten)]
        why: Why,
    },
    /// End every session of somebody. They can sign in again.
    SignOut {
        /// Their e-mail address.
        email: String,
        #[command(flatten)]
        why: Why,
    },
    /// Give somebody another e-mail address to sign in with, in every organization. Both addresses are told.
    Address {
        /// The address that they have.
        email: String,
        /// The new one.
        new: String,
        #[command(flatten)]
        why: Why,
    },
    /// Switch a connection to an identity provider off: it lets nobody in, and what people have here works again.
    ProviderOff {
        /// Its name.
        name: String,
        #[command(flatten)]
        why: Why,
    },
    /// List API tokens that work: whose they are, what they may do, and to what they are bound.
    Tokens,
    /// Take an API token back: it does nothing from now on.
    RevokeToken {
        /// Its id, as `tickmark people tokens` has it.
        id: Uuid,
    },
    /// Say what is asked of people when they sign in, from everybody's next request on. Without a rule, prints the present one.
    Rule {
        /// second_factor, passkey_of_privileged, passkey, attested_of_privileged or attested.
        #[arg(requires = "reason")]
        rule: Option<String>,
        /// Why; kept in the audit trail.
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// For somebody who lost password or authenticator: takes both away and prints a link by which they enroll again.
    Reset {
        /// Their e-mail address.
        email: String,
        #[command(flatten)]
        why: Why,
        #[command(flatten)]
        at: At,
    },
}

/// Why something is done to somebody.
#[derive(Debug, Args)]
pub(crate) struct Why {
    /// Why; kept in the audit trail.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

/// Where the pages are.
#[derive(Debug, Args)]
pub(crate) struct At {
    /// Address under which people reach `tickmark serve --accounts`.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7474")]
    pub(crate) url: String,
}

/// Runs `tickmark people …`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    if let Command::List | Command::Tokens | Command::Rule { rule: None, .. } = command {
        let app = wiring::inspect(common).await?;
        let actor = wiring::reader(&app).await?;
        return match command {
            Command::Tokens => tokens(&app, &actor, output).await,
            Command::List => list(&app, &actor, output).await,
            _ => asked(&app, &actor, output).await,
        };
    }
    // Opening for writing makes a data folder, and nobody means that here.
    wiring::inspect(common).await?.close().await;
    let app = wiring::open(common).await?;
    let actor = wiring::reader(&app).await?;
    let outcome = change(&app, &actor, command, output).await;
    app.sequence(&actor).await?;
    app.close().await;
    outcome
}

async fn change(app: &App, actor: &Actor, command: &Command, output: &Output) -> Outcome {
    match command {
        Command::List | Command::Tokens | Command::Rule { rule: None, .. } => Ok(()),
        Command::Rule { rule: Some(rule), reason } => {
            let wanted = SignInRule::of_word(rule).ok_or_else(|| {
                let known = SignInRule::ALL.map(SignInRule::word).join(", ");
                Failure::input(format!("there is no rule {rule:?}; there are {known}"))
            })?;
            let why = reason.as_deref().unwrap_or_default();
            app.transact(actor, async |cx| session::set_rule(cx, wanted, why).await).await?;
            asked(app, actor, output).await
        }
        Command::Invite { email, role, until, at } => {
            let roles = role.iter().map(|role| parse(role)).collect::<Outcome<BTreeSet<Role>>>()?;
            let until = until.as_deref().map(after_day).transpose()?;
            let link =
                app.transact(actor, async |cx| people::invite_until(cx, email, &roles, until).await).await?;
            print(&link, at, output)
        }
        Command::Reset { email, why, at } => {
            let id = find(app, actor, email).await?.id;
            let link = app.transact(actor, async |cx| people::reset(cx, id, &why.reason).await).await?;
            print(&link, at, output)
        }
        Command::Grant { email, role } => {
            let (id, role) = (find(app, actor, email).await?.id, parse(role)?);
            app.transact(actor, async |cx| people::grant(cx, id, role).await).await?;
            done(output, email, &format!("is {role} now"))
        }
        Command::Revoke { email, role, why } => {
            let (id, role) = (find(app, actor, email).await?.id, parse(role)?);
            app.transact(actor, async |cx| people::revoke(cx, id, role, &why.reason).await).await?;
            done(output, email, &format!("is {role} no longer"))
        }
        Command::Suspend { email, why } => {
            let id = find(app, actor, email).await?.id;
            app.transact(actor, async |cx| people::suspend(cx, id, &why.reason).await).await?;
            done(output, email, "is suspended")
        }
        Command::Resume { email, why } => {
            let id = find(app, actor, email).await?.id;
            app.transact(actor, async |cx| people::resume(cx, id, &why.reason).await).await?;
            done(output, email, "is active again")
        }
        Command::Until { email, day, why } => {
            let id = find(app, actor, email).await?.id;
            let until = if day == "open" { None } else { Some(after_day(day)?) };
            app.transact(actor, async |cx| people::set_until(cx, id, until, &why.reason).await).await?;
            done(output, email, &format!("is a member until {day}"))
        }
        Command::SignOut { email, why } => {
            let id = find(app, actor, email).await?.id;
            app.transact(actor, async |cx| people::sign_out(cx, id, &why.reason).await).await?;
            done(output, email, "is signed out everywhere")
        }
        Command::Address { email, new, why } => {
            let id = find(app, actor, email).await?.id;
            app.transact(actor, async |cx| people::set_address(cx, id, new, &why.reason).await).await?;
            done(output, email, &format!("signs in with {new} now"))
        }
        Command::ProviderOff { name, why } => {
            app.transact(actor, async |cx| provider::switch_off(cx, name, &why.reason).await).await?;
            done(output, name, "lets nobody in now")
        }
        Command::RevokeToken { id } => {
            app.transact(actor, async |cx| token::revoke(cx, *id).await).await?;
            done(output, &id.to_string(), "does nothing any more")
        }
        Command::Remove { email, why } => {
            let id = find(app, actor, email).await?.id;
            app.transact(actor, async |cx| people::remove(cx, id, &why.reason).await).await?;
            done(output, email, "is removed")
        }
    }
}

/// Returns the first moment after a day.
fn after_day(day: &str) -> Outcome<Timestamp> {
    let from = format!("{day}T00:00:00Z").parse::<Timestamp>();
    let from = from.map_err(|_| Failure::input(format!("{day:?} is no day like 2027-03-31")))?;
    Ok(from.plus_micros(DAY_US))
}

async fn list(app: &App, actor: &Actor, output: &Output) -> Outcome {
    let (members, invitations) = app
        .read(actor, async |view| Ok((people::members(view).await?, people::invitations(view).await?)))
        .await?;
    let open: Vec<_> = invitations.into_iter().filter(|one| one.is_open(app.now())).collect();
    let value = json!({
        "members": members.iter().map(|member| json!({
            "name": member.name, "email": member.email, "roles": member.roles,
            "standing": standing(member), "actor": member.actor, "valid_until": member.valid.to,
        })).collect::<Vec<_>>(),
        "invitations": open.iter().map(|one| json!({
            "email": one.email, "roles": one.roles, "expires_at": one.expires_at,
        })).collect::<Vec<_>>(),
    });
    Ok(output.answer(&value, |output| {
        if members.is_empty() {
            output.line("Nobody has an account. `tickmark serve --accounts` prints the address where the first owner comes in.");
        } else {
            let rows = members.iter().map(|member| {
                [member.name.clone(), member.email.clone(), words(&member.roles), standing(member).to_owned()]
            });
            output.table(["Name", "E-mail address", "Roles", "Standing"], rows);
        }
        for one in &open {
            let to = one.email.as_deref().unwrap_or("the first owner");
            let what = match one.roles.is_empty() {
                true => format!("To sign in again: {to}"),
                false => format!("Invited: {to} as {}", words(&one.roles)),
            };
            output.line(format!("{what}, until {}", one.expires_at.minute()));
        }
    })?)
}

async fn tokens(app: &App, actor: &Actor, output: &Output) -> Outcome {
    let (tokens, members, systems) = app
        .read(actor, async |view| {
            Ok((token::list(view).await?, people::members(view).await?, system::all(view).await?))
        })
        .await?;
    let open: Vec<&Token> = tokens.iter().filter(|token| token.is_open(app.now())).collect();
    let whose = |token: &Token| {
        let member = members.iter().find(|member| member.id == token.membership);
        member.map(|member| member.email.to_string()).unwrap_or_default()
    };
    let system = |id: &SystemId| {
        let found = systems.iter().find(|system| system.id == *id);
        found.map_or_else(|| id.to_string(), |system| system.name.clone())
    };
    let value: Vec<_> = open
        .iter()
        .map(|token| {
            let given = &token.given;
            json!({
                "id": token.id, "name": token.name, "email": whose(token),
                "atoms": given.atoms.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "systems": given.systems,
                "addresses": given.addresses.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "expires_at": token.expires_at, "used_at": token.used_at,
            })
        })
        .collect();
    Ok(output.answer(&value, |output| {
        if open.is_empty() {
            output.line("No API token works. One is made in the pages, by whoever it acts for.");
            return;
        }
        let rows = open.iter().map(|token| {
            let given = &token.given;
            let atoms: Vec<String> = given.atoms.iter().map(ToString::to_string).collect();
            let systems: Option<Vec<String>> =
                given.systems.as_ref().map(|all| all.iter().map(system).collect());
            let addresses: Vec<String> = given.addresses.iter().map(ToString::to_string).collect();
            [
                token.id.to_string(),
                token.name.clone(),
                whose(token),
                atoms.join(" "),
                systems.map_or_else(|| "all".to_owned(), |names| names.join(", ")),
                if addresses.is_empty() { "anywhere".to_owned() } else { addresses.join(" ") },
                token.expires_at.minute(),
            ]
        });
        output.table(["Token", "What for", "Whose", "May", "Systems", "From", "Until"], rows);
    })?)
}

/// Prints what is asked of people when they sign in.
async fn asked(app: &App, actor: &Actor, output: &Output) -> Outcome {
    let rule = app.read(actor, async |view| session::rule(view).await).await?;
    let value = json!({"rule": rule.word(), "name": rule.name()});
    output.answer(&value, |output| output.line(format!("{}: {}", rule.word(), rule.name())))?;
    Ok(())
}

fn standing(member: &Member) -> &'static str {
    match member.standing {
        Standing::Active => "active",
        Standing::Suspended => "suspended",
    }
}

fn words(roles: &BTreeSet<Role>) -> String {
    roles.iter().map(|role| role.word()).collect::<Vec<_>>().join(", ")
}

fn parse(role: &str) -> Outcome<Role> {
    role.parse().map_err(|error| {
        let known: Vec<_> =
            Role::ALL.into_iter().filter(|role| role.is_for_members()).map(Role::word).collect();
        Failure::input(format!("{error}; there are {}", known.join(", ")))
    })
}

async fn find(app: &App, actor: &Actor, email: &str) -> Outcome<Member> {
    let members = app.read(actor, async |view| people::members(view).await).await?;
    let wanted = email.trim().to_lowercase();
    let found = members.into_iter().find(|member| member.email == wanted);
    found.ok_or_else(|| Failure::input(format!("there is no member {email}; `tickmark people list` has all")))
}

fn print(link: &Link, at: &At, output: &Output) -> Outcome {
    let address = format!("{}/join/{}", at.url.trim_end_matches('/'), link.text());
    let value = json!({"link": address, "expires_at": link.expires_at, "is_mailed": link.is_mailed});
    output.answer(&value, |output| {
        output.line(output.tone(Tone::Strong, &address));
    })?;
    output.note(format!("It works once, until {}, and is shown only now.", link.expires_at.minute()));
    if link.is_mailed {
        output.note("A letter with it waits: `tickmark serve --accounts` or `tickmark mail send` sends it.");
    }
    Ok(())
}

fn done(output: &Output, email: &str, what: &str) -> Outcome {
    output
        .answer(&json!({"email": email, "done": what}), |output| output.line(format!("{email} {what}.")))?;
    Ok(())
}
