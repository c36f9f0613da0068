//! What an address needs: every one is in this list, and one that is not is not found.

use tickmark_app::{Actor, App, Error};
use tickmark_core::identity::{Atom, Resource, Verb};

/// What a request must bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: strangers come here to get in.
    Nothing,
    /// A session, whatever the roles.
    Session,
    /// A permission, for the whole organization: these pages show all of it.
    Permission(Atom),
}

const fn read(resource: Resource) -> Needs {
    Needs::Permission(Atom::new(resource, Verb::Read))
}

const fn export(resource: Resource) -> Needs {
    Needs::Permission(Atom::new(resource, Verb::Export))
}

/// Returns what an address needs, by its first part and, for downloads, its last; none if it is in no list.
#[must_use]
pub fn needs(path: &str) -> Option<Needs> {
    let mut parts = path.strip_prefix('/')?.split('/');
    let (first, rest) = (parts.next().unwrap_or_default(), parts.collect::<Vec<_>>());
    Some(match (first, rest.as_slice()) {
        ("enter" | "assets" | "sign-in" | "join", _) => Needs::Nothing,
        ("account" | "sign-out" | "step-up" | "theme", _) => Needs::Session,
        ("evidence", [.., "download"]) => export(Resource::Evidence),
        ("reports", [_, ..]) => export(Resource::RestrictedReport),
        ("", []) | ("period" | "controls" | "readiness", _) => read(Resource::Control),
        ("criteria", _) => read(Resource::Catalog),
        ("checks", _) => read(Resource::Test),
        ("targets" | "runs" | "coverage", _) => read(Resource::TestResult),
        ("findings", _) => read(Resource::Exception),
        ("evidence", _) => read(Resource::Evidence),
        ("reports", _) => read(Resource::RestrictedReport),
        ("ledger", _) => read(Resource::AuditTrail),
        ("people", _) => read(Resource::Member),
        _ => return None,
    })
}

/// Asks whether a member may see an address. A refusal is recorded by the use case.
///
/// # Errors
/// `Forbidden` if not; `StepUp` if they must show again who they are; or if the database fails.
pub(crate) async fn check(app: &App, actor: &Actor, needs: Needs) -> Result<(), Error> {
    let Needs::Permission(atom) = needs else { return Ok(()) };
    app.read(actor, async |view| view.permit_whole(atom)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_declares_what_it_needs() {
        let all = crate::routes();
        assert!(all.len() > 18);
        for route in all {
            assert!(
                matches!(needs(route.path), Some(Needs::Permission(_))),
                "{} declares nothing",
                route.path
            );
            assert_eq!(needs(route.path), needs(route.example), "{}", route.path);
        }
        for (path, declared) in crate::identity::PATHS {
            assert_eq!(needs(path), Some(*declared), "{path}");
        }
    }

    #[test]
    fn what_is_in_no_list_needs_what_nobody_has() {
        for path in ["/nope", "/metrics", "", "controls", "//controls", "/.git/config", "/sign-in2"] {
            assert_eq!(needs(path), None, "{path}");
        }
        assert_eq!(needs("/evidence/ab/download"), Some(export(Resource::Evidence)));
        assert_eq!(needs("/reports/readiness.pdf"), Some(export(Resource::RestrictedReport)));
    }
}
