//! The pages of getting in and out.

use maud::{Markup, html};
use tickmark_app::identity::people::{Invitation, Invited, Member};
use tickmark_app::identity::session::Session;
use tickmark_core::Timestamp;
use tickmark_core::id::SessionId;
use tickmark_core::identity::password::{MAX_CHARS, MIN_WITH_SECOND};
use tickmark_core::identity::{Role, Standing};
use zeroize::Zeroizing;

use super::qr;
use crate::design::form::{Field, Kind, capital, field, hidden, problem};
use crate::design::frame::{self, Theme};
use crate::design::{digest, moment};

/// What was typed before and is typed again.
#[derive(Default)]
pub(super) struct Filled {
    pub(super) email: String,
    pub(super) name: String,
}

/// What the page of one's account shows.
pub(super) struct AccountView {
    pub(super) name: String,
    pub(super) organization: String,
    pub(super) roles: Vec<&'static str>,
    pub(super) own: SessionId,
    pub(super) sessions: Vec<Session>,
    pub(super) codes_left: u32,
    pub(super) may_see_people: bool,
    pub(super) now: Timestamp,
}

/// What the page of people shows.
pub(super) struct PeopleView {
    pub(super) token: String,
    pub(super) members: Vec<Member>,
    pub(super) open: Vec<Invitation>,
    pub(super) may_invite: bool,
    /// To whom a link was just made, and the link.
    pub(super) link: Option<(String, String)>,
    pub(super) says: Option<String>,
    pub(super) email: String,
    pub(super) now: Timestamp,
}

fn current_password() -> Markup {
    field(&Field {
        name: "password",
        label: "Password",
        kind: Kind::Input("password"),
        complete: "current-password",
        max: MAX_CHARS,
        ..Field::default()
    })
}

fn code(hint: &str) -> Markup {
    field(&Field {
        name: "code",
        label: "Code",
        complete: "one-time-code",
        hint,
        max: 40,
        ..Field::default()
    })
}

const CODE_HINT: &str = "Six digits from your authenticator, or one of your recovery codes.";

pub(super) fn sign_in(theme: Theme, token: &str, back: &str, email: &str, says: Option<&str>) -> Markup {
    let body = html! {
        form.card method="post" action="/sign-in" {
            (problem(says))
            (hidden("form", token))
            (hidden("back", back))
            (field(&Field { name: "email", label: "E-mail address", kind: Kind::Input("email"), complete: "username", value: email, ..Field::default() }))
            (current_password())
            (code(CODE_HINT))
            p.row { button.button.primary type="submit" { "Sign in" } }
        }
    };
    frame::bare("Sign in", theme, &body)
}

pub(super) fn step_up(theme: Theme, token: &str, back: &str, says: Option<&str>) -> Markup {
    let body = html! {
        p.muted { "What you are about to do needs a fresh proof that it is you. It holds for ten minutes." }
        form.card method="post" action="/step-up" {
            (problem(says))
            (hidden("form", token))
            (hidden("back", back))
            (current_password())
            (code(CODE_HINT))
            p.row { button.button.primary type="submit" { "Continue" } a.button href="/" { "Cancel" } }
        }
    };
    frame::bare("Show that it is you", theme, &body)
}

pub(super) fn join(
    theme: Theme,
    token: &str,
    invited: &Invited,
    filled: &Filled,
    says: Option<&str>,
) -> Markup {
    let organization = &invited.organization.name;
    let is_set_up = invited.email.is_none();
    let account = invited.email.as_deref().unwrap_or("owner");
    let body = html! {
        p.muted {
            @if is_set_up { "You are the first one here, and become the owner of " strong { (organization) } "." }
            @else { "You are invited to " strong { (organization) } " as " (roles(invited.roles.iter())) "." }
        }
        form.card method="post" {
            (problem(says))
            (hidden("form", token))
            @if invited.is_enrolled {
                p { "You have an account here already. Show that it is you." }
                (current_password())
                (code(CODE_HINT))
            } @else {
                @if let Some(email) = &invited.email {
                    p.field { span.label { "E-mail address" } strong { (email) } }
                    // Password managers want to know whose password this is.
                    input.visually-hidden type="email" name="email" value=(email) autocomplete="username" tabindex="-1" aria-hidden="true" readonly;
                } @else {
                    (field(&Field { name: "email", label: "E-mail address", kind: Kind::Input("email"), complete: "username", value: &filled.email, hint: "You sign in with it.", ..Field::default() }))
                }
                (field(&Field { name: "name", label: "Your name", complete: "name", value: &filled.name, max: 200, ..Field::default() }))
                (field(&Field { name: "password", label: "New password", kind: Kind::Input("password"), complete: "new-password", hint: &format!("At least {MIN_WITH_SECOND} characters; longer is better. Nothing else is asked of it."), max: MAX_CHARS, ..Field::default() }))
                (field(&Field { name: "again", label: "The same once more", kind: Kind::Input("password"), complete: "new-password", max: MAX_CHARS, ..Field::default() }))
                fieldset {
                    legend { "Authenticator" }
                    p { "Scan this with an authenticator app, or type the key into it. Then give the code that it shows." }
                    div.enroll {
                        @if let Some(svg) = qr::draw(&invited.seed.uri(organization, account), "QR code with the key below") { (svg) }
                        p { span.hint { "Key" } br; code.key { (invited.seed.text().as_str()) } }
                    }
                    (code("Six digits. They change every half minute."))
                }
            }
            p.row { button.button.primary type="submit" { @if is_set_up { "Set up" } @else { "Join" } } }
        }
    };
    let title = if is_set_up { format!("Set up {organization}") } else { format!("Join {organization}") };
    frame::bare(&title, theme, &body)
}

pub(super) fn joined(theme: Theme, codes: &[Zeroizing<String>], organization: &str) -> Markup {
    let body = html! {
        @if codes.is_empty() {
            p { "You are now in " strong { (organization) } " too." }
        } @else {
            p { "These are your recovery codes. Each works once in place of a code when your authenticator is lost. " strong { "They are shown only now" } ": print them, or keep them where your password is not." }
            ol.codes { @for code in codes { li { code { (code.as_str()) } } } }
        }
        p.row { a.button.primary href="/" { @if codes.is_empty() { "Continue" } @else { "I have kept them" } } }
    };
    frame::bare("You are in", theme, &body)
}

/// What a browser calls itself, in two words that people know. It can claim anything.
fn browser(agent: &str) -> String {
    // Later ones claim to be earlier ones as well, so the first that is found is the one.
    let of = |known: &[(&str, &'static str)]| {
        known.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name)
    };
    let name = of(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = of(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (name, system) {
        (Some(name), Some(system)) => format!("{name} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => agent.chars().take(40).collect(),
    }
}

fn roles<'a>(of: impl Iterator<Item = &'a Role>) -> String {
    of.map(|role| role.name().to_lowercase()).collect::<Vec<_>>().join(", ")
}

pub(super) fn account(theme: Theme, token: &str, view: &AccountView) -> Markup {
    let has_others = view.sessions.len() > 1;
    let body = html! {
        p.muted { strong { (view.name) } ", " (view.organization) ": " (view.roles.join(", ").to_lowercase()) }
        section.stack {
            h2 { "Where you are signed in" }
            div.scroll { table.plain {
                thead { tr { th scope="col" { "Since" } th scope="col" { "Last seen" } th scope="col" { "From" } th scope="col" { "Browser" } th scope="col" { span.visually-hidden { "Action" } } } }
                tbody {
                    @for session in &view.sessions {
                        tr {
                            td.nowrap { (moment::written(session.begun_at)) }
                            td.nowrap { (moment::written(session.seen_at)) }
                            td { code { (session.network) } }
                            td { (browser(&session.agent)) }
                            td.nowrap {
                                @if session.id == view.own { span.muted { "This one" } }
                                @else {
                                    form method="post" action=(format!("/account/sessions/{}", session.id)) {
                                        (hidden("form", token))
                                        button.button type="submit" { "End" span.visually-hidden { " the session since " (moment::written(session.begun_at)) } }
                                    }
                                }
                            }
                        }
                    }
                }
            } }
            div.row {
                @if has_others {
                    form method="post" action="/account/sessions" { (hidden("form", token)) button.button type="submit" { "End all others" } }
                }
                form method="post" action="/sign-out" { (hidden("form", token)) button.button type="submit" { "Sign out" } }
            }
        }
        section.stack {
            h2 { "Recovery codes" }
            p { (view.codes_left) " of 10 are left." @if view.codes_left < 3 { " Ask whoever runs this installation for a reset before they are used up." } }
        }
        p.row { a href="/" { "To the overview" } @if view.may_see_people { a href="/people" { "People" } } }
        p.muted.small { "As of " (moment::written(view.now)) }
    };
    frame::bare("Your account", theme, &body)
}

pub(super) fn people(theme: Theme, view: &PeopleView) -> Markup {
    let offered = Role::ALL.into_iter().filter(|role| role.is_for_members() && !role.is_highest());
    let body = html! {
        @if let Some((email, link)) = &view.link {
            div.card role="status" {
                p { "Send this link to " strong { (email) } ". It works once, for 24 hours, and " strong { "is shown only now" } "." }
                p.link { code { (link) } (digest::copy(link)) }
            }
        }
        section.stack {
            h2 { "In the organization" }
            div.scroll { table.plain {
                thead { tr { th scope="col" { "Name" } th scope="col" { "E-mail address" } th scope="col" { "Roles" } th scope="col" { "Standing" } } }
                tbody {
                    @for member in &view.members {
                        tr {
                            td { (member.name) }
                            td { (member.email) }
                            td { (capital(&roles(member.roles.iter()))) }
                            td { @match member.standing { Standing::Active => "Active", Standing::Suspended => "Suspended" } }
                        }
                    }
                }
            } }
        }
        @if view.may_invite {
            section.stack {
                h2 { "Invite somebody" }
                form.card method="post" action="/people" {
                    (problem(view.says.as_deref()))
                    (hidden("form", &view.token))
                    (field(&Field { name: "email", label: "E-mail address", kind: Kind::Input("email"), value: &view.email, ..Field::default() }))
                    p.field {
                        label for="role" { "Role" }
                        select id="role" name="role" { @for role in offered { option value=(role.word()) { (role.name()) } } }
                        span.hint { "Owners and administrators are made by two people, after joining." }
                    }
                    p.row { button.button.primary type="submit" { "Make a link" } }
                }
            }
        }
        @if !view.open.is_empty() {
            section.stack {
                h2 { "Invited" }
                div.scroll { table.plain {
                    thead { tr { th scope="col" { "E-mail address" } th scope="col" { "Roles" } th scope="col" { "Works until" } } }
                    tbody {
                        @for one in &view.open {
                            tr { td { (one.email.as_deref().unwrap_or("the first owner")) } td { (capital(&roles(one.roles.iter()))) } td.nowrap { (moment::written(one.expires_at)) } }
                        }
                    }
                } }
            }
        }
        p { a href="/" { "To the overview" } }
        p.muted.small { "As of " (moment::written(view.now)) }
    };
    frame::bare("People", theme, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart() {
        for (agent, words) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36 Edg/156.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:150.0) Gecko/20100101 Firefox/150.0",
                "Firefox on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.15", "curl/8.15"),
            ("", ""),
        ] {
            assert_eq!(browser(agent), words);
        }
    }
}
