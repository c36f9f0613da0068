//! The checks of the company: the built-in ones with its own parameters, which change during the year.

use serde_json::{Value, json};
use tickmark_core::Timestamp;
use tickmark_core::time::DAY_US;
use tickmark_evaluate::Library;

use super::chance::Chance;
use super::company::{LEAVER, OPERATORS};
use super::facts::{APPROVED_SETS, UNITS, fingerprint, peer_key, ruleset};
use super::story::Story;
use crate::{Error, Result};

/// Days between two updates of the lists that people keep.
const QUARTER_DAYS: u32 = 90;
/// Hours that what is done weekly may be old.
const WEEKLY_HOURS: u32 = 8 * 24;

/// Tells whether the checks of a day differ from those of the day before.
pub(super) fn changes_on(story: &Story, day: u32) -> bool {
    day.is_multiple_of(QUARTER_DAYS) || day == story.idle_limit_from || day == story.leaver_gone_on
}

/// Returns the checks as the company runs them on a day of the story.
pub(super) fn on(
    day: u32,
    start: Timestamp,
    story: &Story,
    chance: Chance,
    builtin: &Library,
) -> Result<Library> {
    let mut library = builtin.clone();
    for (id, parameters) in parameters(day, start, story, chance) {
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

fn parameters(day: u32, start: Timestamp, story: &Story, chance: Chance) -> Vec<(&'static str, Value)> {
    let date = |day: u32| start.plus_micros(i64::from(day) * DAY_US).date();
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
    // The test of the third quarter was forgotten.
    let tested = if quarter / QUARTER_DAYS == 2 { quarter - QUARTER_DAYS } else { quarter };
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
        ("bak-restore-tested", json!({"tested_on": date(tested), "signed_by": "Noor Haverly (example)"})),
        ("bak-rpo-met", json!({"rpo_hours": 26})),
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
