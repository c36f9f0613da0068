//! The pages of getting in and out.

use maud::{Markup, html};
use tickmark_app::identity::people::{Confirming, Invited, Lost, Resetting};
use tickmark_app::identity::provider::Offer;
use tickmark_app::identity::session::SignIn;
use tickmark_core::identity::Role;
use tickmark_core::identity::password::{MAX_CHARS, MIN_WITH_SECOND};
use zeroize::Zeroizing;

use super::passkey::{self, Button, Does, Ways, Works};
use super::qr;
use crate::design::form::{Faults, Field, Kind, field, hidden, problem};
use crate::design::frame::{self, Theme};
use crate::design::segment;
use crate::visit::local;

/// What was typed before and is typed again.
#[derive(Default)]
pub(super) struct Filled {
    pub(super) email: String,
    pub(super) name: String,
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

fn new_password(faults: &Faults) -> Markup {
    let hint =
        format!("At least {MIN_WITH_SECOND} characters; longer is better. Nothing else is asked of it.");
    html! {
        (field(&Field { name: "password", label: "New password", kind: Kind::Input("password"), complete: "new-password", hint: &hint, fault: faults.of("password"), max: MAX_CHARS, ..Field::default() }))
        (field(&Field { name: "again", label: "The same once more", kind: Kind::Input("password"), complete: "new-password", fault: faults.of("again"), max: MAX_CHARS, ..Field::default() }))
    }
}

/// Said where a new password was not typed twice alike.
pub(super) const DIFFER: &str = "the two passwords differ";

/// What is wrong with a form of somebody who comes in or comes back, beside that of its fields that it is about.
fn faults(says: Option<&str>, fields: &[&str]) -> Faults {
    let Some(says) = says else { return Faults::default() };
    let beside = match says {
        SignIn::NO => None,
        DIFFER => Some("again"),
        _ if says.contains("passkey") => None,
        _ if says.starts_with("the code ") => Some("code"),
        // A password that is refused is called "this", or by its name.
        _ if says.starts_with("this ") || says.contains("password") => Some("password"),
        _ if says.contains("address") => Some("email"),
        _ if says.contains("name") => Some("name"),
        _ => None,
    };
    let Some(field) = beside.filter(|field| fields.contains(field)) else { return Faults::whole(says) };
    let mut faults = Faults::default();
    faults.add(field, says);
    faults
}

fn code(hint: &str) -> Markup {
    code_with(hint, None)
}

fn code_with(hint: &str, fault: Option<&str>) -> Markup {
    field(&Field {
        name: "code",
        label: "Code",
        complete: "one-time-code",
        hint,
        fault,
        max: 40,
        ..Field::default()
    })
}

const CODE_HINT: &str = "Six digits from your authenticator, or one of your recovery codes.";

/// The button that shows a passkey on the page at `here`.
fn show_passkey<'a>(words: &'a str, is_primary: bool, options: &'a str, instead: &'a str) -> Button<'a> {
    Button { does: Does::Show, words, is_primary, options, fields: "form", instead }
}

/// Where somebody comes in.
pub(super) struct Entrance<'a> {
    /// Where they want to go.
    pub(super) back: &'a str,
    /// Whose ways in are offered, if that was said.
    pub(super) organization: &'a str,
    /// The ways in through identity providers.
    pub(super) offers: &'a [Offer],
}

pub(super) fn sign_in(
    theme: Theme,
    token: &str,
    entrance: &Entrance<'_>,
    email: &str,
    works: &Works,
    says: Option<&str>,
) -> Markup {
    let instead = "Sign in with password and code instead.";
    let alone = show_passkey("Sign in with a passkey", true, "/sign-in/passkey", instead);
    let beside = show_passkey("Sign in with a passkey in place of the code", false, "/sign-in/passkey", "");
    let Entrance { back, organization, offers } = entrance;
    let hold = html! { (hidden("form", token)) (hidden("back", back)) @if !organization.is_empty() { (hidden("organization", organization)) } };
    let body = html! {
        (problem(says))
        @if !offers.is_empty() {
            div.card {
                @for offer in *offers {
                    p.row { a.button href={ "/sign-in/provider/" (offer.id) "?back=" (segment(local(back))) } { "Sign in with " (offer.name) } }
                }
            }
        }
        form.card method="post" action="/sign-in" {
            (hold)
            (passkey::button(&alone, works, "/sign-in"))
        }
        form.card method="post" action="/sign-in" {
            (hold)
            (field(&Field { name: "email", label: "E-mail address", kind: Kind::Input("email"), complete: "username", value: email, ..Field::default() }))
            (current_password())
            (code(CODE_HINT))
            p.row { button.button type="submit" { "Sign in with password and code" } }
            @if matches!(works, Works::Here(_)) { (passkey::button(&beside, works, "/sign-in")) }
        }
        (passkey::script())
    };
    frame::bare("Sign in", theme, &body)
}

/// A form that waits for a proof: where it goes, and what was typed.
#[derive(Clone, Copy, Default)]
pub(super) struct Waiting<'a> {
    pub(super) then: &'a str,
    pub(super) kept: &'a str,
}

pub(super) fn step_up(
    theme: Theme,
    token: &str,
    back: &str,
    waiting: Waiting<'_>,
    ways: &Ways,
    says: Option<&str>,
) -> Markup {
    let here = format!("/step-up?back={}", segment(local(back)));
    let hold = html! {
        (hidden("form", token))
        (hidden("back", back))
        @if !waiting.then.is_empty() { (hidden("then", waiting.then)) (hidden("kept", waiting.kept)) }
    };
    let instead = if ways.needs_passkey {
        "You signed in with a passkey; sign out and in again where it works."
    } else {
        "Show password and code instead."
    };
    let show = show_passkey("Show a passkey", true, "/step-up/passkey", instead);
    let cancel = html! { a.button href=(local(back)) { "Cancel" } };
    let is_elsewhere = (!waiting.then.is_empty()).then_some("_blank");
    // Whoever came through a provider may have no password here.
    let takes_both = !ways.needs_passkey && (ways.through.is_none() || ways.has_app);
    let password = field(&Field {
        name: "password",
        label: "Password",
        kind: Kind::Input("password"),
        complete: "current-password",
        max: MAX_CHARS,
        optional: true,
        hint: "Not needed beside your identity provider.",
        ..Field::default()
    });
    let body = html! {
        p.muted { "What you are about to do needs a fresh proof that it is you. It holds for ten minutes." @if !waiting.then.is_empty() { " What you typed is kept meanwhile." } }
        (problem(says))
        @if let Some(name) = &ways.through {
            @if ways.is_half && !ways.has_passkeys && !ways.has_app {
                div.card role="status" {
                    p { (name) " showed one factor, and two are asked for. Add one of your own: a passkey, or an authenticator app." }
                    p.row { a.button href="/account/passkeys" { "Add a passkey" } a.button href="/account/authenticator" { "Add an authenticator app" } }
                }
            }
            div.card {
                p.row { a.button href={ "/step-up/provider?back=" (segment(local(back))) } target=[is_elsewhere] rel=[is_elsewhere.map(|_| "noopener")] { "Show it at " (name) @if is_elsewhere.is_some() { ", in another tab" } } }
            }
        }
        @if ways.has_passkeys {
            form.card method="post" action="/step-up" {
                (hold)
                (passkey::button(&show, &ways.works, &here))
            }
        }
        @if takes_both {
            form.card method="post" action="/step-up" {
                (hold)
                @if ways.is_half { (password) } @else { (current_password()) }
                (code(CODE_HINT))
                p.row { button.button.primary[!ways.has_passkeys] type="submit" { "Continue" } (cancel) }
            }
        } @else { p.row { (cancel) } }
        (passkey::script())
    };
    frame::bare("Show that it is you", theme, &body)
}

/// What somebody sees whom a provider knows and nobody here does yet.
pub(super) fn waiting(theme: Theme, provider: &str) -> Markup {
    let body = html! {
        p { (provider) " let you in. Nobody has said yet who you are here: an administrator of the organization sees that you wait, and says so." }
        p.muted { "Sign in again once they have. If you have an invitation, open its link and join through " (provider) " there: that needs no administrator." }
        p.row { a.button href="/sign-in" { "Back" } }
    };
    frame::bare("Wait for an administrator", theme, &body)
}

/// The link that somebody follows, and whether passkeys work where they are.
pub(super) struct Link<'a> {
    /// The ways to join through identity providers.
    pub(super) offers: &'a [Offer],
    pub(super) path: &'a str,
    pub(super) works: &'a Works,
}

pub(super) fn join(
    theme: Theme,
    token: &str,
    invited: &Invited,
    filled: &Filled,
    link: &Link<'_>,
    says: Option<&str>,
) -> Markup {
    let verb = if invited.email.is_none() { "Set up" } else { "Join" };
    let options = format!("{}/passkey", link.path);
    let (with_passkey, with_code) = (format!("{verb} with a passkey"), format!("{verb} with a code"));
    let make = Button {
        does: Does::Make,
        words: &with_passkey,
        is_primary: true,
        options: &options,
        fields: "form email name password again",
        instead: "Use an authenticator app instead.",
    };
    let show = show_passkey(&with_passkey, false, "/sign-in/passkey", "Show password and code instead.");
    let organization = &invited.organization.name;
    let is_set_up = invited.email.is_none();
    let account = invited.email.as_deref().unwrap_or("owner");
    let faults = match (invited.is_enrolled, is_set_up) {
        (true, _) => faults(says, &[]),
        (false, true) => faults(says, &["email", "name", "password", "again", "code"]),
        (false, false) => faults(says, &["name", "password", "again", "code"]),
    };
    let is_only_way = !matches!(link.works, Works::Here(_));
    let body = html! {
        p.muted {
            @if is_set_up { "You are the first one here, and become the owner of " strong { (organization) } "." }
            // Whoever is a member already and never signed in, or lost how they do, gets no new role by the link.
            @else if invited.roles.is_empty() { "This link sets up how you sign in to " strong { (organization) } "." }
            @else { "You are invited to " strong { (organization) } " as " (roles(invited.roles.iter())) "." }
        }
        @if !link.offers.is_empty() {
            div.card {
                @for offer in link.offers {
                    p.row { a.button href={ (link.path) "/provider/" (offer.id) } { (verb) " with " (offer.name) } }
                }
            }
        }
        form.card method="post" {
            (faults.summary())
            (hidden("form", token))
            @if invited.is_enrolled {
                p { "You have an account here already. Show that it is you." }
                (current_password())
                (code(CODE_HINT))
                p.row { button.button.primary type="submit" { (with_code) } }
                (passkey::button(&show, link.works, link.path))
            } @else {
                @if let Some(email) = &invited.email {
                    p.field { span.label { "E-mail address" } strong { (email) } }
                    // Password managers want to know whose password this is.
                    input.visually-hidden type="email" name="email" value=(email) autocomplete="username" tabindex="-1" aria-hidden="true" readonly;
                } @else {
                    (field(&Field { name: "email", label: "E-mail address", kind: Kind::Input("email"), complete: "username", value: &filled.email, hint: "You sign in with it.", fault: faults.of("email"), ..Field::default() }))
                }
                (field(&Field { name: "name", label: "Your name", complete: "name", value: &filled.name, fault: faults.of("name"), max: 200, ..Field::default() }))
                (new_password(&faults))
                p { "Beside the password you need one of these two. You can have both later." }
                fieldset {
                    legend { "Passkey" }
                    p { "Your device, or a key that you carry, shows that it is you: by finger, face or PIN. No false page can ask for it." }
                    (passkey::button(&make, link.works, link.path))
                }
                fieldset {
                    legend { "Authenticator app" }
                    p { "Scan this with an authenticator app, or type the key into it. Then give the code that it shows." }
                    div.enroll {
                        @if let Some(svg) = qr::draw(&invited.seed.uri(organization, account), "QR code with the key below") { (svg) }
                        p { span.hint { "Key" } br; code.key { (invited.seed.text().as_str()) } }
                    }
                    (code_with("Six digits. They change every half minute.", faults.of("code")))
                    p.row { button.button.primary[is_only_way] type="submit" { (with_code) } }
                }
            }
        }
        (passkey::script())
    };
    let title = if is_set_up { format!("Set up {organization}") } else { format!("Join {organization}") };
    frame::bare(&title, theme, &body)
}

pub(super) fn joined(theme: Theme, codes: &[Zeroizing<String>], organization: &str) -> Markup {
    let body = html! {
        @if codes.is_empty() {
            p { "You are now in " strong { (organization) } " too." }
        } @else {
            p { "These are your recovery codes. Each works once, with your password, when your authenticator or passkey is lost. " strong { "They are shown only now" } ": print them, or keep them where your password is not." }
            ol.codes { @for code in codes { li { code { (code.as_str()) } } } }
        }
        p.row { a.button.primary href="/" { @if codes.is_empty() { "Continue" } @else { "I have kept them" } } }
    };
    frame::bare("You are in", theme, &body)
}

/// What a browser calls itself, in two words that people know. It can claim anything.
pub(super) fn browser(agent: &str) -> String {
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

pub(super) fn roles<'a>(of: impl Iterator<Item = &'a Role>) -> String {
    of.map(|role| role.name().to_lowercase()).collect::<Vec<_>>().join(", ")
}

/// What a role is for, in a line.
pub(super) fn meaning(role: Role) -> &'static str {
    match role {
        Role::Owner => {
            "answers for the organization and makes owners and administrators; only looks at the program"
        }
        Role::Admin => "runs the platform: members, connections, tokens; does not read evidence",
        Role::ComplianceManager => "runs the program: controls, answers, evidence, exceptions",
        Role::ControlOwner => "performs controls and hands in their evidence",
        Role::Employee => "acknowledges policies and trainings, reports incidents",
        Role::Executive => "approves risks, policies and management's assertion",
        Role::Auditor => "examines one engagement, from outside",
        Role::Visitor => "asked for a report",
        Role::ServiceToken => "the most that a token can do",
    }
}

pub(super) fn reset(theme: Theme, token: &str, resetting: &Resetting, says: Option<&str>) -> Markup {
    let faults = match resetting.lost {
        Lost::Password => faults(says, &["password", "again", "code"]),
        Lost::Authenticator => faults(says, &[]),
    };
    let body = html! {
        p.muted {
            @match resetting.lost {
                Lost::Password => { "Choose another password. A code shows that it is you." }
                Lost::Authenticator => { "Add another authenticator. Your password shows that it is you. The one that you had stops working, and so do your passkeys, unless you are in another organization as well." }
            }
            " You are signed out everywhere then."
        }
        form.card method="post" {
            (faults.summary())
            (hidden("form", token))
            @match resetting.lost {
                Lost::Password => {
                    (new_password(&faults))
                    (code_with(CODE_HINT, faults.of("code")))
                }
                Lost::Authenticator => {
                    (current_password())
                    fieldset {
                        legend { "New authenticator" }
                        p { "Scan this with an authenticator app, or type the key into it. Then give the code that it shows." }
                        div.enroll {
                            @if let Some(svg) = qr::draw(&resetting.seed.uri(&resetting.organization.name, "account"), "QR code with the key below") { (svg) }
                            p { span.hint { "Key" } br; code.key { (resetting.seed.text().as_str()) } }
                        }
                        (code("Six digits. They change every half minute."))
                    }
                }
            }
            p.row { button.button.primary type="submit" { "Replace it" } }
        }
    };
    let title = match resetting.lost {
        Lost::Password => "Another password",
        Lost::Authenticator => "Another authenticator",
    };
    frame::bare(title, theme, &body)
}

pub(super) fn replaced(theme: Theme, codes: &[Zeroizing<String>]) -> Markup {
    let body = html! {
        @if !codes.is_empty() {
            p { "These are your new recovery codes; earlier ones do not work any more. " strong { "They are shown only now" } ": print them, or keep them where your password is not." }
            ol.codes { @for code in codes { li { code { (code.as_str()) } } } }
        }
        p.row { a.button.primary href="/sign-in" { "Sign in" } }
    };
    frame::bare("It is replaced", theme, &body)
}

pub(super) fn confirm_address(
    theme: Theme,
    token: &str,
    confirming: &Confirming,
    says: Option<&str>,
) -> Markup {
    let body = html! {
        p.muted { "Whoever asked for it signs in to " (confirming.organization) " with this address from then on, and not with the one before." }
        form.card method="post" {
            (problem(says))
            (hidden("form", token))
            p { "The address: " strong { (confirming.email) } }
            p.row { button.button.primary type="submit" { "It is mine, and I asked for it" } }
        }
    };
    frame::bare("Confirm your address", theme, &body)
}

pub(super) fn address_confirmed(theme: Theme, confirming: &Confirming) -> Markup {
    let body = html! {
        p { "You sign in with " strong { (confirming.email) } " now." }
        p.row { a.button.primary href="/account" { "Go to your account" } }
    };
    frame::bare("Your address is changed", theme, &body)
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
