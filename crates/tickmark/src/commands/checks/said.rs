//! What checks say now, for one machine or for many.

use std::collections::HashMap;

use serde_json::{Value, json};
use tickmark_app::App;
use tickmark_app::observation::{self, TargetVerdict};
use tickmark_core::id::TargetKey;
use tickmark_core::observation::Verdict;

use crate::cli::Common;
use crate::failure::Outcome;
use crate::output::Output;
use crate::wiring;

/// What a check says now about a target.
pub(super) struct Said {
    pub(super) target: String,
    pub(super) verdict: TargetVerdict,
}

impl Said {
    /// Returns the verdict with the name of its target.
    pub(super) fn to_json(&self) -> Value {
        let mut value = json!(self.verdict);
        value["target_name"] = json!(self.target);
        value
    }
}

/// Returns what checks say now, or nothing where there is no data folder yet.
pub(super) async fn said(common: &Common) -> Outcome<Vec<Said>> {
    let Some(app) = wiring::inspect_if_there(common).await? else { return Ok(Vec::new()) };
    let actor = wiring::reader(&app).await?;
    let read = app
        .read(&actor, async |view| {
            Ok((observation::targets(view).await?, observation::verdicts_now(view).await?))
        })
        .await;
    App::close(&app).await;
    let (targets, verdicts) = read?;
    let names: HashMap<TargetKey, String> =
        targets.into_iter().map(|target| (target.key, target.target.name)).collect();
    let named = |verdict: TargetVerdict| Said {
        target: names.get(&verdict.target).cloned().unwrap_or_default(),
        verdict,
    };
    Ok(verdicts.into_iter().map(named).collect())
}

/// Returns the verdict about one target, or how many of each there are about several.
pub(super) fn tally(said: &[&Said], output: &Output) -> String {
    if let [only] = said {
        return output.verdict(only.verdict.verdict);
    }
    let counted = [Verdict::Fail, Verdict::Unknown, Verdict::Pass, Verdict::NotApplicable]
        .map(|verdict| (verdict, said.iter().filter(|one| one.verdict.verdict == verdict).count()));
    let words = counted.iter().filter(|(_, count)| *count > 0);
    words
        .map(|(verdict, count)| format!("{} {count}", output.verdict(*verdict)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Writes a verdict with all that there is to it.
pub(super) fn print(said: &Said, is_named: bool, output: &Output) {
    let Said { target, verdict } = said;
    let name = if is_named { format!("{target}  ") } else { String::new() };
    output.line(format!("\n{name}{}  {}", output.verdict(verdict.verdict), verdict.outcome.message));
    output.line(format!("  since {}, last look {}", verdict.since.minute(), verdict.last_look.minute()));
    for subject in &verdict.outcome.subjects {
        output.line(format!("  - {subject}"));
    }
    if let Some(waiver) = &verdict.waiver {
        let until = super::super::waive::last_day(waiver.expires_at);
        output.line(format!("  waiver {} until {until}: {}", waiver.id, waiver.reason));
    }
}
