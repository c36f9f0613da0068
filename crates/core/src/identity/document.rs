//! The table as a page, so that a change of rights is read as a change of a document.

use std::fmt::Write as _;

use super::decision::needs_step_up;
use super::matrix::{Scope, cell};
use super::resource::{Atom, Resource, Verb};
use super::role::Role;

/// Returns `docs/roles.md`.
#[must_use]
pub fn document() -> String {
    let mut page = String::from(HEAD);
    for role in Role::ALL {
        let _ = writeln!(page, "| {} | {} | `{}` |", role.code(), role.name(), role.word());
    }
    page.push_str("\n## What they may do\n\n");
    let _ = writeln!(page, "| # | Resource | {} |", Role::ALL.map(Role::code).join(" | "));
    let _ = writeln!(page, "|---|---|{}", "---|".repeat(Role::ALL.len()));
    for resource in Resource::ALL {
        let cells = Role::ALL.map(|role| text(role, *resource)).join(" | ");
        let _ = writeln!(
            page,
            "| {} | {} `{}` | {cells} |",
            resource.number(),
            resource.title(),
            resource.word()
        );
    }
    page.push_str(STEP_UP);
    for resource in Resource::ALL {
        let verbs: Vec<_> = Verb::ALL
            .into_iter()
            .filter(|verb| needs_step_up(Atom::new(*resource, *verb)))
            .map(|verb| format!("`{}`", Atom::new(*resource, verb)))
            .collect();
        if !verbs.is_empty() {
            let _ = writeln!(page, "- {}: {}", resource.title(), verbs.join(", "));
        }
    }
    page
}

fn text(role: Role, resource: Resource) -> String {
    let cell = cell(role, resource);
    let groups: Vec<String> = Scope::ALL
        .into_iter()
        .map(|scope| {
            let letters = Verb::ALL.into_iter().filter(|verb| cell.scope(*verb) == Some(scope));
            (letters.map(Verb::letter).collect::<String>(), scope)
        })
        .filter(|(letters, _)| !letters.is_empty())
        .map(|(letters, scope)| match scope {
            // As itself it would begin emphasis.
            Scope::Organization => format!("{letters}\\*"),
            other => format!("{letters}{}", other.sign()),
        })
        .collect();
    match (groups.is_empty(), cell.condition) {
        (true, _) => "–".to_owned(),
        (false, None) => groups.join(" "),
        (false, Some(condition)) => format!("{} {}", groups.join(" "), condition.words()),
    }
}

const HEAD: &str = "\
# Roles and what they may do

Printed from the table in `crates/core/src/identity/matrix.rs`; a test compares this page with it. To print it again:
`cargo run -p tickmark-core --example roles > docs/roles.md`.

Everything that is not granted here is denied. Denials run after grants and always win: another organization, a suspended
or ended membership, a token's own limits, a sign-in weaker than the organization accepts, a frozen engagement, separation
of duties (`crates/core/src/identity/separation.rs`), and a step-up that is due. Nobody updates or deletes the audit trail.

- C create, R read, U update, D delete or archive, A approve or decide, X export or download.
- `*` the organization, `s` assigned systems, `o` own or assigned to me, `e` inside the engagement, `p` published.

| Code | Role | Word |
|---|---|---|
";

const STEP_UP: &str = "
## What needs a fresh proof

Within the last 10 minutes, by signing in or stepping up with the same or a stronger factor. Activity does not extend it.

";
