//! Results of automated tests, what could not be seen, and the picture of the period.

use tickmark_core::observation::waiver::Scope;
use tickmark_core::observation::{Gap, ReasonClass, Verdict};
use tickmark_core::report::readiness::{
    CheckRow, Citation, Figure, GapRow, PeriodPicture, ResultRow, Strip, StripSpan, StripState, WaiverRow,
};
use tickmark_evaluate::Library;

use super::assessment::sentence;
use super::last_day;
use crate::conclusion::Standing;
use crate::context::View;
use crate::observation::{self, waiver};
use crate::{Result, identity};

pub(super) fn checks(standing: &Standing, library: &Library) -> Vec<CheckRow> {
    library
        .checks()
        .filter_map(|check| {
            let definition = check.definition();
            let verdicts: Vec<_> =
                standing.verdicts.iter().filter(|verdict| verdict.check_id == definition.id).collect();
            if verdicts.is_empty() {
                return None;
            }
            let count = |verdict| {
                let rule = format!("check {}, verdict {verdict}, open", definition.id);
                let cites = vec![
                    Citation::check(&definition.id, &definition.version),
                    Citation::rows("verdict intervals", &rule),
                ];
                Figure::count(verdicts.iter().filter(|v| v.verdict == verdict).count(), cites)
            };
            Some(CheckRow {
                id: definition.id.clone(),
                title: definition.title.clone(),
                asserts: definition.asserts.clone(),
                severity: definition.severity,
                version: definition.version,
                controls: standing
                    .controls
                    .iter()
                    .filter(|control| control.checks.contains(&definition.id))
                    .map(|control| control.control.id.to_string())
                    .collect(),
                pass: count(Verdict::Pass),
                fail: count(Verdict::Fail),
                unknown: count(Verdict::Unknown),
                not_applicable: count(Verdict::NotApplicable),
                results: verdicts
                    .iter()
                    .map(|verdict| ResultRow {
                        target: standing.targets.get(&verdict.target).cloned().unwrap_or_default(),
                        verdict: verdict.verdict,
                        reason: verdict.reason,
                        since: verdict.since,
                        seen: verdict.last_look,
                        message: sentence(&verdict.outcome.message),
                        subjects: verdict.outcome.subjects.clone(),
                        waiver: verdict.waiver.as_ref().map(|waiver| {
                            format!("until {}: {}", last_day(waiver.expires_at), waiver.reason)
                        }),
                        evidence: verdict.facts,
                        run: Some(verdict.run.0),
                    })
                    .collect(),
            })
        })
        .collect()
}

/// Lists the waivers that held at some moment of the period, with what they cover and who approved.
pub(super) async fn waivers(view: &mut View<'_>, standing: &Standing) -> Result<Vec<WaiverRow>> {
    let mut rows = Vec::new();
    for waiver in waiver::in_force_over(view, standing.period).await? {
        let approver = identity::actor(view, waiver.approved_by).await?;
        let targets = match &waiver.scope {
            Scope::All => Vec::new(),
            Scope::Targets(keys) => {
                keys.iter().map(|key| standing.targets.get(key).cloned().unwrap_or_default()).collect()
            }
        };
        rows.push(WaiverRow {
            id: waiver.id.0,
            approved_by: if approver.label.is_empty() {
                approver.id.to_string()
            } else {
                approver.name().to_owned()
            },
            granted: waiver.granted_at,
            expires: waiver.expires_at,
            state: waiver.state(standing.at),
            cites: vec![Citation::record(&format!("waiver {}", waiver.id))],
            check: waiver.check,
            targets,
            reason: waiver.reason,
            risk: waiver.risk,
            compensation: waiver.compensation,
            note: waiver.note,
        });
    }
    Ok(rows)
}

/// Lists the gaps of the facts that hold now, with the checks that cannot answer because of each.
pub(super) async fn gaps(view: &mut View<'_>, standing: &Standing, library: &Library) -> Result<Vec<GapRow>> {
    let mut rows = Vec::new();
    for (&target, name) in &standing.targets {
        let now = view.now;
        let Some(facts) = observation::facts_at(view, target, now).await? else { continue };
        let gaps: Vec<Gap> = facts
            .document
            .get("gaps")
            .and_then(|gaps| serde_json::from_value(gaps.clone()).ok())
            .unwrap_or_default();
        for gap in gaps {
            let blind = |id: &str| {
                standing
                    .verdicts
                    .iter()
                    .any(|v| v.check_id == id && v.target == target && v.verdict == Verdict::Unknown)
            };
            let checks = library
                .checks()
                .filter(|check| check.definition().needs.iter().any(|need| overlap(need, &gap.path)))
                .filter(|check| blind(check.id()))
                .map(|check| check.id().to_owned())
                .collect();
            rows.push(GapRow {
                target: name.clone(),
                what: gap.path,
                reason: gap.reason,
                detail: gap.detail,
                checks,
                remedy: remedy(gap.reason).to_owned(),
                cites: vec![Citation::digest(&facts.state.digest), Citation::run(facts.state.run.0)],
            });
        }
    }
    Ok(rows)
}

/// Tells whether one dotted path lies at, above or below another.
fn overlap(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

fn remedy(reason: ReasonClass) -> &'static str {
    match reason {
        ReasonClass::NotPermitted => "Run the collector as root, or let its account read this.",
        ReasonClass::NotPresent => "Install the program that answers this, or record why it is not needed.",
        ReasonClass::NotCollected => "Run a full collection; this part was left out.",
        ReasonClass::Stale => "Collect again, and look into why collection stopped.",
        ReasonClass::ParseError => {
            "Look at the raw evidence and correct the file, or report a reader that is too narrow."
        }
        ReasonClass::Limit => "Raise the limit of the collection, or make the target answer quicker.",
        ReasonClass::Unsupported => "Gather this by other means until this kind of system is supported.",
    }
}

pub(super) fn period(standing: &Standing) -> PeriodPicture {
    let strips = standing
        .controls
        .iter()
        .filter(|control| !control.strip.is_empty())
        .map(|control| Strip {
            control: control.control.id.to_string(),
            title: control.control.text.current().title.clone(),
            spans: control
                .strip
                .iter()
                .map(|interval| StripSpan {
                    from: interval.span.from,
                    to: interval.span.to,
                    state: match interval.verdict {
                        Verdict::Pass => StripState::Operating,
                        Verdict::Fail => StripState::Deviation,
                        Verdict::Unknown => StripState::Unknown,
                        Verdict::NotApplicable => StripState::NotApplicable,
                    },
                })
                .collect(),
            cites: vec![Citation::rows(
                "verdict intervals",
                &format!("checks {}", control.checks.join(", ")),
            )],
        })
        .collect();
    PeriodPicture { from: standing.period.from, to: standing.at, strips }
}

#[cfg(test)]
mod tests {
    use super::overlap;

    #[test]
    fn paths_overlap_by_whole_parts() {
        for (one, other, expected) in [
            ("accounts", "accounts.users", true),
            ("accounts.users", "accounts", true),
            ("accounts", "accounts", true),
            ("account", "accounts.users", false),
            ("sshd.settings", "sshd.host_keys", false),
        ] {
            assert_eq!(overlap(one, other), expected, "{one} {other}");
        }
    }
}
