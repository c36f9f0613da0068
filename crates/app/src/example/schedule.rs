//! The checks of the company: the built-in ones with its own parameters, which change during the year.

use serde_json::{Value, json};
use tickmark_core::Timestamp;
use tickmark_core::time::DAY_US;
use tickmark_evaluate::Library;

use super::chance::Chance;
use super::company::{LEAVER, OPERATORS};
use super::duties::Duties;
use super::facts::{APPROVED_SETS, UNITS, fingerprint, peer_key, ruleset};
use super::story::Story;
use crate::{Error, Result};

/// Days between two updates of the lists that people keep.
const QUARTER_DAYS: u32 = 90;
/// Hours that what is done weekly may be old.
const WEEKLY_HOURS: u32 = 8 * 24;

/// What the parameters of checks follow from.
#[derive(Clone, Copy)]
pub(super) struct Demands<'a> {
    /// Begin of the first day.
    pub(super) start: Timestamp,
    /// What happens.
    pub(super) story: &'a Story,
    /// What people do, of which checks are told.
    pub(super) duties: &'a Duties,
    /// What details are drawn from.
    pub(super) chance: Chance,
}

/// Tells whether the checks of a day differ from those of the day before.
pub(super) fn changes_on(demands: Demands<'_>, day: u32) -> bool {
    let Demands { story, duties, .. } = demands;
    day.is_multiple_of(QUARTER_DAYS)
        || day == story.idle_limit_from
        || day == story.leaver_gone_on
        || duties.restore_tested_before(day) != duties.restore_tested_before(day.saturating_sub(1))
}

/// Returns the checks as the company runs them on a day of the story.
pub(super) fn on(day: u32, demands: Demands<'_>, builtin: &Library) -> Result<Library> {
    let mut library = builtin.clone();
    for (id, parameters) in parameters(day, demands) {
        // A library of the user's own may lack a check or have another in its place; that one is left as it is.
        let Some(check) = library.get(id) else { continue };
        if let Ok(changed) = check.with_parameters(&parameters) {
            library.replace(changed);
        } else if check.origin() == tickmark_evaluate::Origin::Builtin {
            return Err(Error::unavailable(format!("the example does not know the parameters of {id}")));
        }
    }
    Ok(library)
}

fn parameters(day: u32, demands: Demands<'_>) -> Vec<(&'static str, Value)> {
    let Demands { start, story, duties, chance } = demands;
    let on = |day: i64| start.plus_micros(day * DAY_US).date();
    let date = |day: u32| on(i64::from(day));
    let quarter = day / QUARTER_DAYS * QUARTER_DAYS;
    let since = date(0);
    let owners: Vec<String> =
        OPERATORS.iter().filter_map(|p| Some(format!("{} {}", p.account?, p.name))).collect();
    let keys: Vec<String> = OPERATORS
        .iter()
        .filter_map(|p| Some((p.account?, p.name)))
        .flat_map(|(account, name)| [0, 1].map(|g| format!("{} {name}", fingerprint(chance, account, g))))
        .collect();
    let peers: Vec<String> =
        (1..=2).map(|n| format!("{} tunnel between data hosts", peer_key(chance, n))).collect();
    let rulesets: Vec<String> = APPROVED_SETS.iter().map(|name| format!("* {}", ruleset(name))).collect();
    let leavers: Vec<String> = LEAVER
        .account
        .filter(|_| day >= story.leaver_gone_on)
        .map(|account| format!("{account} {}", date(story.leaver_gone_on - 1)))
        .into_iter()
        .collect();
    let list_as_of = date(quarter.max(if leavers.is_empty() { 0 } else { story.leaver_gone_on.min(day) }));
    let tested = duties.restore_tested_before(day).map_or_else(String::new, on);
    let idle = if day < story.idle_limit_from { 1800 } else { 900 };
    let sources = [22, 80, 443, 5432, 8080];
    let programs = ["sshd", "nginx", "nginx", "postgres", "larkspur-app"];
    let listeners: Vec<String> =
        sources.iter().zip(programs).map(|(port, program)| format!("tcp/{port} {program}")).collect();
    vec![
        ("acct-known-owner", json!({"owners": owners})),
        (
            "acct-leaver-removed",
            json!({"leavers": leavers, "list_as_of": list_as_of, "list_maximum_days": QUARTER_DAYS + 7}),
        ),
        ("acct-password-max-age", json!({"maximum_days": -1})),
        ("bak-restore-tested", json!({"tested_on": tested, "signed_by": "Noor Haverly (example)"})),
        ("bak-job-succeeded-in-window", json!({"window_hours": WEEKLY_HOURS})),
        ("bak-rpo-met", json!({"rpo_hours": WEEKLY_HOURS})),
        ("fw-egress-restricted", json!({"demanded_on": ["none"]})),
        ("fw-listeners-expected", json!({"expected": listeners})),
        ("fw-matches-approved", json!({"approved": rulesets})),
        ("host-fim-active", json!({"maximum_days": 8})),
        ("host-malware-scanner-current", json!({"maximum_days": 9})),
        ("host-services-minimal", json!({"approved": UNITS})),
        ("log-retention-meets-policy", json!({"kept_by": ["logs.larkspur.example"]})),
        ("patch-index-fresh", json!({"limit_hours": WEEKLY_HOURS})),
        ("patch-security-within-limit", json!({"lists_fresh_hours": WEEKLY_HOURS, "watching_since": since})),
        ("patch-sources-trusted", json!({"approved_hosts": ["larkspur.example"]})),
        ("ssh-authorized-keys-age", json!({"watching_since": since})),
        ("ssh-authorized-keys-known", json!({"known_keys": keys})),
        ("ssh-idle-disconnect", json!({"maximum_seconds": idle})),
        ("time-sources-approved", json!({"approved": ["larkspur.example"]})),
        ("wg-key-rotation", json!({"watching_since": since})),
        (
            "wg-leaver-peer-removed",
            json!({"list_as_of": date(quarter), "list_maximum_days": QUARTER_DAYS + 7}),
        ),
        ("wg-peer-known", json!({"known_peers": peers})),
        ("wg-preshared-key-used", json!({"demanded": "all"})),
    ]
}
