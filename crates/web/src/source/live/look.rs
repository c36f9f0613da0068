//! One check at one target on one day.

use std::collections::BTreeMap;

use tickmark_app::observation::waiver;
use tickmark_app::{View, evidence, observation};
use tickmark_core::id::TargetKey;
use tickmark_core::observation::Verdict;
use tickmark_core::observation::interval::Interval;
use tickmark_core::observation::waiver::covering;
use tickmark_core::time::DAY_US;
use tickmark_core::{Span, Timestamp};

use super::observed::run_row;
use super::period::{stretches_over, with_waivers};
use super::{Live, gaps_of};
use crate::design::moment;
use crate::error::Refusal;
use crate::observation::look::{AROUND_DAYS, LookView, at_path};

/// Runs that are searched for those of the day.
const RUN_SEARCH: u32 = 5000;

impl Live {
    pub(in crate::source) async fn look(
        &self,
        target: i64,
        check_id: &str,
        day: Timestamp,
    ) -> Result<LookView, Refusal> {
        let key = TargetKey(target);
        let work = async |view: &mut View<'_>| {
            let now = view.now;
            let at = day.plus_micros(DAY_US - 1).min(now);
            let target = observation::find_target(view, key).await?;
            let parts = observation::check_history(view, check_id, key).await?;
            let runs = observation::runs(view, RUN_SEARCH).await?;
            let facts =
                observation::facts_at(view, key, at).await?.filter(|facts| facts.state.span.from <= at);
            let verdicts = observation::verdicts_now(view).await?;
            let waivers = waiver::list(view).await?;
            let mut artifacts = Vec::new();
            if let Some(facts) = &facts {
                artifacts = evidence::of_run(view, facts.state.run, key).await?;
            }
            Ok((now, at, target, parts, runs, facts, verdicts, artifacts, waivers))
        };
        let (now, at, target, parts, runs, facts, verdicts, artifacts, waivers) =
            self.app.read(&self.actor, work).await?;
        let newest = parts.last().ok_or(Refusal::NotFound)?;
        let part = parts.iter().rev().find(|part| part.version.introduced_at <= at);
        let definition = &part.unwrap_or(newest).version.definition;
        let interval =
            part.and_then(|part| part.intervals.iter().find(|interval| interval.span.contains(at)).copied());
        let interval =
            interval.or_else(|| part?.intervals.last().copied().filter(|last| last.span.from <= at));
        let is_now = interval.is_some_and(|interval| interval.span.to.is_none_or(|to| to >= now));
        let outcome = verdicts
            .into_iter()
            .find(|verdict| is_now && verdict.check_id == check_id && verdict.target == key)
            .map(|verdict| verdict.outcome);
        let seen_before = interval.zip(part).and_then(|(interval, part)| {
            part.looks.iter().rev().find(|look| **look < interval.span.from).copied()
        });
        let span = Span {
            from: day.plus_micros(-AROUND_DAYS * DAY_US),
            to: Some(day.plus_micros((AROUND_DAYS + 1) * DAY_US)),
        };
        let history: Vec<Interval> = parts.iter().flat_map(|part| part.intervals.iter().copied()).collect();
        let names = BTreeMap::from([(key, target.target.name.clone())]);
        let of_day = runs.iter().filter(|run| {
            let moment = run.finished_at.unwrap_or(run.started_at);
            moment >= day && moment < day.plus_micros(DAY_US)
        });
        Ok(LookView {
            day,
            at,
            target_key: key.0,
            target_name: target.target.name,
            check_id: check_id.to_owned(),
            check_title: definition.title.clone(),
            asserts: definition.asserts.clone(),
            severity: definition.severity,
            version: part.map(|part| (part.version.version, part.version.engine.clone())),
            verdict: interval.map(|interval| {
                let reason = interval.reason.map(|reason| reason.plain().to_owned()).unwrap_or_default();
                (interval.verdict, reason)
            }),
            since: interval.map(|interval| (interval.span.from, interval.span.to.filter(|to| *to < now))),
            seen_before: seen_before.filter(|_| interval.is_some_and(|i| i.verdict != Verdict::Unknown)),
            outcome,
            read: definition
                .needs
                .iter()
                .map(|path| {
                    let value = facts.as_ref().and_then(|facts| at_path(&facts.document, path));
                    (path.clone(), value)
                })
                .collect(),
            gaps: facts.as_ref().map(|facts| gaps_of(&facts.document)).unwrap_or_default(),
            facts: facts.map(|facts| (facts.state.digest, facts.state.schema.clone(), facts.state.run.0)),
            runs: of_day.map(run_row).collect(),
            artifacts: artifacts.iter().map(|a| super::proof::artifact_row(a, &names)).collect(),
            waiver: covering(&waivers, check_id, key, at)
                .map(|waiver| {
                    let until = moment::date(waiver.expires_at.plus_micros(-1));
                    format!(
                        "until {until}; {}. Meanwhile: {}. Risk: {}",
                        waiver.reason, waiver.compensation, waiver.risk
                    )
                })
                .unwrap_or_default(),
            around: with_waivers(stretches_over(&history, span, now), &waivers, check_id, key, now),
        })
    }
}
