//! The list of this program's own accounts: who is what in the organization here, and which tokens act for whom. The platform
//! on which access is reviewed is itself a system whose access is reviewed.

use tickmark_core::identity::{Role, Standing};
use tickmark_core::program::access::{AccessList, AccountKind, Columns, Exclusion, Tier};
use tickmark_core::program::population::Ipe;
use tickmark_core::report::sheet::{SheetCell, csv_line};

use super::{NewList, hand_in, open};
use crate::context::Cx;
use crate::identity::people::{self, Member};
use crate::identity::token::{self, Token};
use crate::{Error, Result, identity};

/// Name of the system in its lists.
pub const OWN_SYSTEM: &str = "Tickmark";
const HEADING: [&str; 8] = ["account", "entitlement", "person", "kind", "tier", "last_used", "mfa", "owner"];

/// Makes and keeps the list of the organization's own accounts here. Whoever may not come in is left out by name.
///
/// # Errors
/// As [`hand_in`]; `Conflict` while nobody has an account.
pub async fn hand_in_own(cx: &mut Cx<'_>) -> Result<AccessList> {
    let now = cx.now;
    let members = people::everybody(cx).await?;
    let mut rows: Vec<[String; HEADING.len()]> = Vec::new();
    let mut exclusions = Vec::new();
    let mut accounts = members.len();
    for member in &members {
        match closed(member, now) {
            Some(reason) => exclusions.push(Exclusion { account: member.email.clone(), reason }),
            None => rows.extend(member.roles.iter().map(|role| row_of(member, *role))),
        }
    }
    for token in token::everybody(cx).await?.iter().filter(|token| token.is_open(now)) {
        let of = members.iter().find(|member| member.id == token.membership);
        let Some(of) = of.filter(|of| closed(of, now).is_none()) else { continue };
        accounts += 1;
        rows.extend(rows_of(token, of));
    }
    if rows.is_empty() {
        return Err(Error::conflict("nobody has an account here, so there is no access to list"));
    }
    let head = HEADING.map(|name| SheetCell::Text(name.to_owned()));
    let line = |cells: &[String; HEADING.len()]| csv_line(&cells.clone().map(SheetCell::Text));
    let text = csv_line(&head) + &rows.iter().map(line).collect::<String>();
    let by = cx.actor.id;
    let run_by = identity::labels(cx).await?.get(&by).cloned().unwrap_or_else(|| OWN_SYSTEM.to_owned());
    let new = NewList {
        system: OWN_SYSTEM.to_owned(),
        ipe: Ipe {
            source: format!("{OWN_SYSTEM}, its own records"),
            query: "members of this organization with each of their roles, and tokens that work with each permission"
                .to_owned(),
            parameters: String::new(),
            time_zone: "UTC".to_owned(),
            run_by,
            run_at: now,
            row_count: rows.len() as u64,
            control_total: String::new(),
            completeness: "Every membership is in the list or left out by name.".to_owned(),
            accuracy: String::new(),
        },
        columns: Columns::default(),
        accounts_in_source: accounts as u64,
        exclusions,
        list: open(None, "tickmark-accounts.csv", text.into())?,
    };
    hand_in(cx, new).await
}

/// Why somebody does not come in; none if they do.
fn closed(member: &Member, now: tickmark_core::Timestamp) -> Option<String> {
    if member.standing == Standing::Suspended {
        Some("The membership rests.".to_owned())
    } else if !member.valid.contains(now) {
        Some("The time of the membership is over.".to_owned())
    } else if member.roles.is_empty() {
        Some("They hold no role.".to_owned())
    } else {
        None
    }
}

fn tier(role: Role) -> Tier {
    match role {
        Role::Owner | Role::Admin => Tier::Zero,
        Role::ComplianceManager | Role::Executive => Tier::One,
        Role::ControlOwner | Role::Auditor | Role::Visitor | Role::ServiceToken => Tier::Two,
        Role::Employee => Tier::Three,
    }
}

fn row_of(member: &Member, role: Role) -> [String; HEADING.len()] {
    let kind = if role == Role::Auditor { AccountKind::Vendor } else { AccountKind::Human };
    [
        member.email.clone(),
        role.to_string(),
        member.email.clone(),
        kind.word().to_owned(),
        tier(role).word().to_owned(),
        String::new(),
        // Nobody comes in without a second factor, of this program or of the identity provider.
        "yes".to_owned(),
        String::new(),
    ]
}

fn rows_of(token: &Token, of: &Member) -> Vec<[String; HEADING.len()]> {
    let id = token.id.simple().to_string();
    // The random end of the id tells two of one name apart.
    let account = format!("token {} {}", token.name, id.get(24..).unwrap_or_default());
    let row = |right: String| {
        [
            account.clone(),
            right,
            String::new(),
            AccountKind::Api.word().to_owned(),
            Tier::Two.word().to_owned(),
            token.used_at.map_or_else(|| "never".to_owned(), |at| at.to_string()),
            "n/a".to_owned(),
            of.email.clone(),
        ]
    };
    token.given.atoms.iter().map(|atom| row(atom.to_string())).collect()
}
