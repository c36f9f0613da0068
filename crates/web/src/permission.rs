//! What an address needs: every one is in this list, and one that is not is not found.

use tickmark_app::identity::Access;
use tickmark_app::{Actor, App, Error};
use tickmark_core::identity::{Atom, Decision, Resource, Role, Verb};

/// What a request must bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: strangers come here to get in.
    Nothing,
    /// A session, whatever the roles.
    Session,
    /// A permission, for the whole organization: these pages show all of it.
    Permission(Atom),
    /// A permission, however far it reaches: what is shown or changed is asked about one by one.
    Reach(Atom),
}

const fn read(resource: Resource) -> Needs {
    Needs::Permission(Atom::new(resource, Verb::Read))
}

const fn export(resource: Resource) -> Needs {
    Needs::Permission(Atom::new(resource, Verb::Export))
}

const fn reach(resource: Resource, verb: Verb) -> Needs {
    Needs::Reach(Atom::new(resource, verb))
}

/// Returns what working on controls needs; none for looking at them.
fn control(rest: &[&str]) -> Option<Needs> {
    Some(match rest {
        ["new" | "library"] => reach(Resource::Control, Verb::Create),
        ["bulk", "assign"] | [_, "edit"] => reach(Resource::Control, Verb::Update),
        ["bulk", "start"] | [_, "approve"] => reach(Resource::Control, Verb::Approve),
        ["bulk", "retire"] | [_, "retire"] => reach(Resource::Control, Verb::Delete),
        [_, "answer"] => reach(Resource::TestResult, Verb::Approve),
        _ => return None,
    })
}

/// Returns what working on commitments needs; none for looking at them.
fn commitment(rest: &[&str]) -> Option<Needs> {
    let whole = |verb| Needs::Permission(Atom::new(Resource::Control, verb));
    Some(match rest {
        ["new"] => whole(Verb::Create),
        [_, "edit"] => whole(Verb::Update),
        [_, "approve"] => whole(Verb::Approve),
        [_, "retire"] => whole(Verb::Delete),
        _ => return None,
    })
}

/// Returns what the pages about readers of a report need; none for others.
fn readers(rest: &[&str]) -> Option<Needs> {
    let whole = |verb| Needs::Permission(Atom::new(Resource::TrustRequest, verb));
    Some(match rest {
        ["grants", "new"] => whole(Verb::Create),
        // Both hand something out, for which whoever does it shows afresh who they are.
        ["grants", _, "approve" | "code"] => export(Resource::RestrictedReport),
        ["grants", _, "refuse"] => whole(Verb::Approve),
        ["grants", _, "revoke"] => whole(Verb::Delete),
        ["grants", _, _] => whole(Verb::Update),
        ["grants", ..] => whole(Verb::Read),
        _ => return None,
    })
}

/// Returns what working on engagements needs.
fn engagement(rest: &[&str]) -> Option<Needs> {
    if let [_, rest @ ..] = rest
        && let Some(needs) = readers(rest)
    {
        return Some(needs);
    }
    let whole = |verb| Needs::Permission(Atom::new(Resource::Description, verb));
    Some(match rest {
        ["new" | "guide"] | [_, "roll-forward"] => whole(Verb::Create),
        [
            _,
            "edit" | "close" | "description" | "assertion" | "modification" | "report-date" | "received"
            | "representation" | "proposals" | "incidents" | "administration",
        ]
        | [_, "entries", _, _]
        | [_, "received", "file"]
        | [_, "processes" | "diagrams", _]
        | [_, "events" | "facts" | "bridges", _]
        | [_, "sign" | "letters", _, "review"] => whole(Verb::Update),
        [_, "approve" | "confirm-events"] | [_, "sign" | "letters", _, "approve"] => whole(Verb::Approve),
        [_, "copies"] => export(Resource::RestrictedReport),
        _ => return None,
    })
}

/// Returns what the pages of fieldwork need; none for others. Which party somebody is of, and what is theirs, the use case
/// asks.
fn fieldwork(rest: &[&str]) -> Option<Needs> {
    Some(match rest {
        ["access", ..] => reach(Resource::Description, Verb::Read),
        ["requests", "new" | "import" | "defaults"] => reach(Resource::EvidenceRequest, Verb::Create),
        ["requests", _, "edit" | "submit" | "assign" | "accept" | "return" | "excuse" | "reopen"] => {
            reach(Resource::EvidenceRequest, Verb::Update)
        }
        ["requests", _, "population"] => reach(Resource::Test, Verb::Create),
        ["requests", _, "{act}"] => reach(Resource::EvidenceRequest, Verb::Update),
        ["requests", ..] => reach(Resource::EvidenceRequest, Verb::Read),
        ["evidence", "access", ..] => reach(Resource::IdentityWarehouse, Verb::Read),
        ["evidence", "reviews", _, "pack", _] => reach(Resource::AccessReview, Verb::Export),
        ["evidence", "reviews" | "duties", ..] => reach(Resource::AccessReview, Verb::Read),
        ["evidence", .., "download"] => reach(Resource::Evidence, Verb::Export),
        ["evidence", ..] => reach(Resource::Evidence, Verb::Read),
        ["workpapers", "new"] => reach(Resource::WorkingPaper, Verb::Create),
        ["workpapers", _, "respond"] => reach(Resource::Exception, Verb::Update),
        ["workpapers", _, _] => reach(Resource::WorkingPaper, Verb::Update),
        // What is shared, management reads as well.
        ["workpapers", ..] => reach(Resource::Description, Verb::Read),
        ["walkthroughs", "new"] => reach(Resource::WorkingPaper, Verb::Create),
        ["walkthroughs", _, _] => reach(Resource::WorkingPaper, Verb::Update),
        ["walkthroughs", ..] => reach(Resource::Description, Verb::Read),
        ["notes"] => reach(Resource::WorkingPaper, Verb::Create),
        ["report", "opinion" | "issue"] => reach(Resource::RestrictedReport, Verb::Create),
        ["report", "changes"] => Needs::Permission(Atom::new(Resource::Description, Verb::Approve)),
        // A fresh proof is asked for by the use case, so that the file is not lost on the way to it.
        ["report", "section", ..] => reach(Resource::WorkingPaper, Verb::Update),
        ["report", "section.pdf"] | ["management", _] => reach(Resource::RestrictedReport, Verb::Export),
        ["report" | "file", ..] => reach(Resource::Description, Verb::Read),
        _ => return None,
    })
}

/// Returns what working on populations needs; none for looking at them. They show all of a list, so half a permission is
/// not enough. That the owner of a control neither tests nor selects, the use case asks.
fn population(rest: &[&str]) -> Option<Needs> {
    let whole = |resource| Needs::Permission(Atom::new(resource, Verb::Create));
    Some(match rest {
        ["new"] | [_, "freeze"] | [_, "samples", ..] => whole(Resource::Test),
        ["mappings", ..] | [_, "list" | "register" | "checks" | "results"] => whole(Resource::Evidence),
        _ => return None,
    })
}

/// Returns what lists of access, conflicts of duties and reviews of access need to be changed; none where nothing is. Whose
/// an item is to decide, the use case asks.
fn access(first: &str, rest: &[&str]) -> Option<Needs> {
    let whole = |resource, verb| Needs::Permission(Atom::new(resource, verb));
    Some(match (first, rest) {
        ("access" | "access-reviews", ["new"]) => whole(Resource::AccessReview, Verb::Create),
        ("access", ["own"] | [_, "place"]) => whole(Resource::AccessReview, Verb::Create),
        ("segregation", ["edit" | "adopt"]) => whole(Resource::AccessReview, Verb::Update),
        ("segregation", ["exceptions", "new"]) => whole(Resource::Exception, Verb::Create),
        ("segregation", ["exceptions", _, _]) => whole(Resource::Exception, Verb::Approve),
        ("access-reviews", [_, "decide"]) => reach(Resource::AccessDecision, Verb::Approve),
        ("access-reviews", [_, "sign"]) => whole(Resource::AccessReview, Verb::Approve),
        ("access-reviews", [_, _]) => whole(Resource::AccessReview, Verb::Update),
        _ => return None,
    })
}

/// Returns what looking at them needs.
fn access_seen(first: &str, rest: &[&str]) -> Needs {
    let is_a_form = matches!(rest, ["new" | "edit"] | ["exceptions", "new"] | [_, "decide"]);
    let form = if is_a_form { access(first, rest) } else { None };
    let seen = if first == "access" { Resource::IdentityWarehouse } else { Resource::AccessReview };
    form.unwrap_or(read(seen))
}

/// Tells whether an address is for people of an audit firm: their engagement, what of it waits for them, and their own
/// account. Nothing else of the organization is.
pub(crate) fn is_for_auditors(path: &str) -> bool {
    let mut parts = path.trim_start_matches('/').split('/');
    let (first, rest) = (parts.next().unwrap_or_default(), parts.collect::<Vec<_>>());
    if let ("export", [file]) = (first, rest.as_slice()) {
        return crate::list::is_of_engagement(file.split('.').next().unwrap_or_default());
    }
    matches!(
        (first, rest.as_slice()),
        (
            "account"
                | "sign-out"
                | "step-up"
                | "theme"
                | "assets"
                | "work"
                | "notices"
                | "comments"
                | "views",
            _
        ) | ("engagements", [] | [_] | [_, "description" | "assertion"] | [_, "diagrams", _, "picture"])
            | (
                "engagements",
                [
                    _,
                    "requests"
                        | "evidence"
                        | "workpapers"
                        | "walkthroughs"
                        | "notes"
                        | "report"
                        | "management"
                        | "file",
                    ..
                ]
            )
    )
}

/// Returns what kind of request costs much, and how many of it one session may make in a minute; none for others.
pub(crate) fn costly(path: &str, is_form: bool) -> Option<(&'static str, u32)> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["people"] if is_form => Some(("invitations", 20)),
        _ if is_form => None,
        ["export", ..] | ["audit-trail", "export.csv" | "export.jsonl"] => Some(("exports", 60)),
        ["search" | "search.json", ..] => Some(("searches", 240)),
        ["engagements", _, "package" | "oscal"]
        | ["engagements", _, "sheets" | "documents" | "management" | "file", ..] => Some(("documents", 150)),
        [.., "download"] | [.., "pack", _] | ["reports", _] | ["engagements", .., "section.pdf"] => {
            Some(("downloads", 240))
        }
        _ => None,
    }
}

/// Tells whether an address is about nothing but one's own account: what a session below the organization's rule may reach, to
/// show more or to leave.
pub(crate) fn is_own(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    // A token would last longer than the session, and going elsewhere is asked about there.
    matches!(first, "account" | "sign-out" | "step-up" | "theme" | "assets")
        && !path.starts_with("/account/tokens")
}

/// Tells whether somebody is of an audit firm.
pub(crate) fn is_auditor(actor: &Actor) -> bool {
    matches!(&actor.access, Access::Member(member) if member.subject.roles.contains(&Role::Auditor))
}

/// Returns what deciding about waivers needs.
fn waiver(rest: &[&str]) -> Option<Needs> {
    Some(match rest {
        ["new"] => reach(Resource::Exception, Verb::Create),
        ["requests", _] | [_, "revoke"] => reach(Resource::Exception, Verb::Approve),
        _ => return None,
    })
}

/// Returns what a form that is sent to an address needs; none if it takes no forms. The use case decides about the thing
/// itself.
#[must_use]
pub fn needs_to_change(path: &str) -> Option<Needs> {
    let mut parts = path.strip_prefix('/')?.split('/');
    let (first, rest) = (parts.next().unwrap_or_default(), parts.collect::<Vec<_>>());
    Some(match (first, rest.as_slice()) {
        ("sign-in" | "join" | "reset" | "address" | "shared", _) => Needs::Nothing,
        // Which list it is of, and whether it is theirs, is asked there.
        (
            "account" | "notices" | "sign-out" | "step-up" | "theme" | "looking-at" | "views" | "comments",
            _,
        ) => Needs::Session,
        ("settings", ["time"]) => Needs::Permission(Atom::new(Resource::Organization, Verb::Update)),
        ("systems", []) => reach(Resource::System, Verb::Create),
        ("systems", [_]) => reach(Resource::System, Verb::Update),
        ("systems", [_, "retire"]) => reach(Resource::System, Verb::Delete),
        ("people", ["sign-in", ..]) => reach(Resource::Organization, Verb::Update),
        // What is done, and a fresh proof, the use case asks.
        ("people", ["providers", ..]) => reach(Resource::IdentityProvider, Verb::Read),
        ("people", _) => reach(Resource::Member, Verb::Read),
        ("checks", ["new" | "simple"]) => reach(Resource::Test, Verb::Create),
        ("checks", [_, "edit" | "draft"]) => reach(Resource::Test, Verb::Update),
        ("checks", [_, "put-aside"]) => reach(Resource::Test, Verb::Delete),
        ("targets", [_, "about" | "retire"]) => reach(Resource::Asset, Verb::Update),
        ("jobs", ["mail", ..]) => Needs::Permission(Atom::new(Resource::Notification, Verb::Update)),
        // What each kind of work needs, the use case asks.
        ("jobs", _) => reach(Resource::TestResult, Verb::Read),
        ("controls", [_, "occurrences"]) | ("evidence", ["items", "new"]) => {
            reach(Resource::Evidence, Verb::Create)
        }
        ("evidence", ["items", ..]) => reach(Resource::Evidence, Verb::Read),
        ("controls", [_, "tests", "new"]) => reach(Resource::Test, Verb::Create),
        ("controls", [_, "tests", _]) => reach(Resource::Test, Verb::Update),
        ("evidence", ["keeping"]) => Needs::Permission(Atom::new(Resource::Organization, Verb::Update)),
        ("evidence", ["keeping", "holds", ..]) => {
            Needs::Permission(Atom::new(Resource::Evidence, Verb::Approve))
        }
        ("controls", rest) => control(rest)?,
        ("findings", ["new"]) => reach(Resource::Exception, Verb::Create),
        ("findings", [_] | ["bulk", _]) => reach(Resource::Exception, Verb::Update),
        ("findings", [_, "verify"]) => reach(Resource::Exception, Verb::Approve),
        ("readiness", ["freeze" | "scope"]) | ("criteria", [_, "judge"]) => {
            Needs::Permission(Atom::new(Resource::TestResult, Verb::Approve))
        }
        ("waivers", rest) => waiver(rest)?,
        ("commitments", rest) => commitment(rest)?,
        ("populations", rest) => population(rest)?,
        ("agreements", [_]) => Needs::Permission(Atom::new(Resource::TrustRequest, Verb::Update)),
        ("access" | "segregation" | "access-reviews", rest) => access(first, rest)?,
        ("start", [] | ["program"]) => reach(Resource::Control, Verb::Create),
        ("engagements", [_, rest @ ..]) if fieldwork(rest).is_some() => fieldwork(rest)?,
        ("engagements", rest) => engagement(rest)?,
        _ => return None,
    })
}

/// Returns what an address needs to be looked at, by its first part and, for downloads, its last; none if it is in no
/// list.
#[must_use]
pub fn needs(path: &str) -> Option<Needs> {
    let mut parts = path.strip_prefix('/')?.split('/');
    let (first, rest) = (parts.next().unwrap_or_default(), parts.collect::<Vec<_>>());
    Some(match (first, rest.as_slice()) {
        ("enter" | "assets" | "sign-in" | "join" | "reset" | "address" | "shared", _) => Needs::Nothing,
        // What is taken out or named is asked about with the list it is of.
        (
            "account" | "notices" | "sign-out" | "step-up" | "theme" | "work" | "views" | "export" | "search"
            | "search.json" | "shortcuts",
            _,
        ) => Needs::Session,
        ("comments", _) => Needs::Session,
        ("settings", ["time"]) => Needs::Permission(Atom::new(Resource::Organization, Verb::Update)),
        ("systems", [] | [_]) => reach(Resource::System, Verb::Read),
        ("checks", ["new" | "simple"]) => reach(Resource::Test, Verb::Create),
        ("checks", [_, "edit" | "draft"]) => reach(Resource::Test, Verb::Update),
        ("start", [] | ["program"]) => reach(Resource::Control, Verb::Create),
        ("commitments", rest) => commitment(rest).unwrap_or(read(Resource::Control)),
        ("access" | "segregation" | "access-reviews", rest) => access_seen(first, rest),
        ("populations", [_, "file"]) => export(Resource::Evidence),
        ("populations", [_, "samples", number]) if *number != "new" => read(Resource::Control),
        ("populations", rest) => population(rest).unwrap_or(read(Resource::Control)),
        ("agreements", [_]) => read(Resource::TrustRequest),
        // Both documents are read where they are written.
        ("engagements", ["new" | "guide"]) => engagement(&["new"])?,
        ("engagements", [] | [_] | [_, "description" | "assertion"] | [_, "diagrams", _, "picture"]) => {
            reach(Resource::Description, Verb::Read)
        }
        (
            "engagements",
            [_, "package" | "oscal" | "completion"] | [_, "sheets", _] | [_, "documents", _, _],
        ) => read(Resource::Description),
        ("engagements", [_, "copies"]) => read(Resource::RestrictedReport),
        ("engagements", [_, rest @ ..]) if fieldwork(rest).is_some() => fieldwork(rest)?,
        ("engagements", rest) => engagement(rest)?,
        ("waivers", ["new"]) => reach(Resource::Exception, Verb::Create),
        ("waivers", [_, "revoke"]) => reach(Resource::Exception, Verb::Approve),
        ("waivers", _) => read(Resource::Exception),
        ("controls", [_, "occurrences"]) | ("calendar", _) => reach(Resource::Control, Verb::Read),
        ("controls", [_, "tests", "new"]) => reach(Resource::Test, Verb::Create),
        ("controls", [_, "tests"] | [_, "tests", _]) => reach(Resource::Test, Verb::Read),
        // What tests say stands on these pages. Which of the controls, the use case asks.
        ("controls", rest) => control(rest).unwrap_or(reach(Resource::TestResult, Verb::Read)),
        ("evidence", ["items", "new"]) => reach(Resource::Evidence, Verb::Create),
        ("evidence", ["items", .., "download"]) => reach(Resource::Evidence, Verb::Export),
        ("evidence", ["items", ..]) => reach(Resource::Evidence, Verb::Read),
        ("evidence", [.., "download"]) => export(Resource::Evidence),
        ("reports", [_, ..]) => export(Resource::RestrictedReport),
        ("api", rest) => return crate::api::needs(rest),
        ("", []) | ("period" | "readiness", _) => read(Resource::Control),
        ("criteria", [_, "judge"]) => Needs::Permission(Atom::new(Resource::TestResult, Verb::Approve)),
        ("criteria", _) => read(Resource::Catalog),
        ("checks", _) => read(Resource::Test),
        ("targets" | "runs" | "coverage", _) => read(Resource::TestResult),
        ("findings", ["new"]) => reach(Resource::Exception, Verb::Create),
        ("findings", _) => read(Resource::Exception),
        ("evidence", _) => read(Resource::Evidence),
        ("reports", _) => read(Resource::RestrictedReport),
        ("ledger", _) => read(Resource::AuditTrail),
        ("people", ["sign-in", ..]) => reach(Resource::Organization, Verb::Update),
        ("people", ["providers", ..]) => read(Resource::IdentityProvider),
        ("people", _) => read(Resource::Member),
        ("jobs", _) => reach(Resource::TestResult, Verb::Read),
        ("audit-trail", ["export.csv" | "export.jsonl"]) => reach(Resource::AuditTrail, Verb::Export),
        ("audit-trail", _) => reach(Resource::AuditTrail, Verb::Read),
        _ => return None,
    })
}

/// Asks whether a member may see an address. A refusal is recorded by the use case.
///
/// # Errors
/// `Forbidden` if not; `StepUp` if they must show again who they are; or if the database fails.
pub(crate) async fn check(app: &App, actor: &Actor, needs: Needs) -> Result<(), Error> {
    match needs {
        Needs::Nothing | Needs::Session => Ok(()),
        Needs::Permission(atom) => app.read(actor, async |view| view.permit_whole(atom)).await,
        Needs::Reach(atom) => app.read(actor, async |view| view.permit(atom).map(|_| ())).await,
    }
}

/// Tells whether to offer something to a member. Asked as of when they last showed who they are: that this is long ago is
/// mended by showing it again.
pub(crate) fn may(actor: &Actor, atom: Atom) -> bool {
    let Access::Member(member) = &actor.access else { return false };
    member.subject.decide(atom, member.subject.assurance.proven_at).is_allowed()
}

/// Tells whether to offer the page at an address to a member.
pub(crate) fn offers(actor: &Actor, path: &str) -> bool {
    if actor.access == Access::Local {
        return true;
    }
    if is_auditor(actor) && !is_for_auditors(path) {
        return false;
    }
    match needs(path) {
        None => false,
        Some(Needs::Nothing | Needs::Session) => true,
        Some(Needs::Reach(atom)) => may(actor, atom),
        Some(Needs::Permission(atom)) => may_all(actor, atom),
    }
}

/// Tells whether a member has a permission on everything there is of it.
pub(crate) fn may_all(actor: &Actor, atom: Atom) -> bool {
    let Access::Member(member) = &actor.access else { return true };
    match member.subject.decide(atom, member.subject.assurance.proven_at) {
        Decision::Allow { reach, .. } => reach.is_whole(&member.subject),
        Decision::Deny(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weak_session_reaches_its_own_account_only() {
        for (path, own) in [
            ("/account", true),
            ("/account/passkeys", true),
            ("/account/tokens", false),
            ("/step-up", true),
            ("/sign-out", true),
            ("/work", false),
            ("/notices", false),
            ("/search", false),
            ("/search.json", false),
            ("/views/1", false),
            ("/comments/control/1", false),
            ("/export/members.csv", false),
            ("/shortcuts", false),
            ("/accounting", false),
        ] {
            assert_eq!(is_own(path), own, "{path}");
        }
    }

    #[test]
    fn every_route_declares_what_it_needs() {
        let all = crate::routes();
        assert!(all.len() > 18);
        for route in all {
            assert!(
                matches!(needs(route.path), Some(Needs::Permission(_) | Needs::Reach(_))),
                "{} declares nothing",
                route.path
            );
            assert_eq!(needs(route.path), needs(route.example), "{}", route.path);
        }
        for (path, declared) in crate::identity::PATHS {
            assert_eq!(needs(path), Some(*declared), "{path}");
        }
        for desk in crate::desk_routes() {
            if desk.looks {
                assert!(
                    matches!(needs(desk.path), Some(Needs::Session | Needs::Permission(_) | Needs::Reach(_))),
                    "{}",
                    desk.path
                );
                assert_eq!(needs(desk.path), needs(desk.example), "{}", desk.path);
            }
            if desk.changes {
                let declared = needs_to_change(desk.path);
                assert!(
                    matches!(declared, Some(Needs::Session | Needs::Permission(_) | Needs::Reach(_))),
                    "{}",
                    desk.path
                );
                assert_eq!(declared, needs_to_change(desk.example), "{}", desk.path);
            }
        }
    }

    #[test]
    fn what_is_in_no_list_needs_what_nobody_has() {
        for path in ["/nope", "/metrics", "", "controls", "//controls", "/.git/config", "/sign-in2"] {
            assert_eq!((needs(path), needs_to_change(path)), (None, None), "{path}");
        }
        assert_eq!(needs_to_change("/ledger"), None);
        assert_eq!(needs("/evidence/ab/download"), Some(export(Resource::Evidence)));
        assert_eq!(needs("/reports/readiness.pdf"), Some(export(Resource::RestrictedReport)));
    }
}
