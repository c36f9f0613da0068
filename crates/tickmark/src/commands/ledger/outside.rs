//! What leaves the building.

use serde_json::json;
use tickmark_app::ledger::{self, Anchoring, Delivery, PartyKind, Watched, Witnessing};
use tickmark_app::{Actor, App};

use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// After work that signed a checkpoint: what is configured gets it. What does not arrive is tried again later and does
/// not make the work fail.
pub(crate) async fn after_work(app: &App, actor: &Actor, output: &Output) -> Outcome {
    keep_policy(app, actor, output).await;
    if app.outside().settings.is_empty() {
        return Ok(());
    }
    let progress = output.progress("publishing the checkpoint");
    let anchored = app.anchor(actor, false).await?;
    let delivered = app.publish(actor, false).await?;
    let witnessed = app.request_cosignatures(actor).await?;
    drop(progress);
    let problems = (anchored.iter().filter_map(|one| Some((&one.authority, one.problem.as_ref()?))))
        .chain(
            delivered
                .iter()
                .filter(|one| one.due_at.is_some())
                .filter_map(|one| Some((&one.target, one.problem.as_ref()?))),
        )
        .chain(witnessed.iter().filter_map(|one| Some((&one.witness, one.problem.as_ref()?))));
    for (name, problem) in problems {
        output.note(format!("{name}: {problem}"));
    }
    Ok(())
}

/// Before anything goes on under a changed policy of the ledger, an entry says what it is now. What cannot be recorded
/// at this moment is recorded the next time, and makes no work fail.
pub(crate) async fn keep_policy(app: &App, actor: &Actor, output: &Output) {
    if let Err(error) = app.keep_policy(actor).await {
        tracing::warn!(%error, "the policy of the ledger is recorded next time");
        output.note(format!("the policy of the ledger is not recorded yet: {error}"));
    }
}

pub(super) async fn publish(common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let actor = wiring::reader(&app).await?;
    if app.outside().settings.is_empty() {
        return Err(Failure::input("the settings name no place, authority or witness under [ledger]"));
    }
    keep_policy(&app, &actor, output).await;
    let deliveries = app.publish(&actor, true).await?;
    let witnessings = app.request_cosignatures(&actor).await?;
    let witnessed = app.read(&actor, async |view| ledger::witnessed(view).await).await?;
    app.close().await;
    // The newest of each place.
    let mut newest: Vec<&Delivery> = Vec::new();
    for delivery in &deliveries {
        if !newest.iter().any(|known| known.target == delivery.target) {
            newest.push(delivery);
        }
    }
    let answer = json!({"deliveries": newest, "witnesses": witnessings, "witnessed": witnessed});
    output.answer(&answer, |output| {
        for delivery in &newest {
            match (&delivery.problem, delivery.delivered_at) {
                (None, Some(_)) => {
                    output.line(
                        output.tone(Tone::Good, format!("✓ {}: {} entries", delivery.target, delivery.size)),
                    );
                }
                (problem, _) => output.line(output.tone(
                    Tone::Bad,
                    format!("✗ {}: {}", delivery.target, problem.as_deref().unwrap_or("not delivered yet")),
                )),
            }
        }
        for witnessing in &witnessings {
            print_witnessing(witnessing, output);
        }
        if witnessed.witnesses > 0 && !witnessed.is_current {
            output.line(
                output.tone(Tone::Unknown, "this checkpoint is unwitnessed; the log goes on".to_owned()),
            );
        }
    })?;
    let failed = newest.iter().any(|delivery| delivery.delivered_at.is_none())
        || witnessings.iter().any(|witnessing| witnessing.problem.is_some());
    if failed { Err(Failure::No) } else { Ok(()) }
}

fn print_witnessing(Witnessing { witness, cosignature, problem }: &Witnessing, output: &Output) {
    output.line(match (cosignature, problem) {
        (Some(cosignature), _) => {
            let at = cosignature.cosigned_at.minute();
            output.tone(Tone::Good, format!("✓ {witness}: cosigned {} entries at {at}", cosignature.size))
        }
        (None, problem) => {
            output.tone(Tone::Bad, format!("✗ {witness}: {}", problem.as_deref().unwrap_or("no cosignature")))
        }
    });
}

pub(super) async fn anchor(common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let actor = wiring::reader(&app).await?;
    if app.outside().settings.authority.is_empty() {
        return Err(Failure::input("the settings name no authority: add one as [[ledger.authority]]"));
    }
    keep_policy(&app, &actor, output).await;
    let anchored = app.anchor(&actor, true).await?;
    app.close().await;
    output.answer(&anchored, |output| {
        if anchored.is_empty() {
            output.line("every authority dated the newest checkpoint already");
        }
        for Anchoring { authority, anchor, problem } in &anchored {
            output.line(match (anchor, problem) {
                (Some(anchor), _) => output.tone(
                    Tone::Good,
                    format!(
                        "✓ {authority}: {} entries existed at {}",
                        anchor.size,
                        anchor.latest_at.minute()
                    ),
                ),
                (None, problem) => output.tone(
                    Tone::Bad,
                    format!("✗ {authority}: {}", problem.as_deref().unwrap_or("no timestamp")),
                ),
            });
        }
    })?;
    if anchored.iter().any(|anchoring| anchoring.problem.is_some()) { Err(Failure::No) } else { Ok(()) }
}

pub(super) async fn show(common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let (keys, deliveries, anchors, cosignatures, witnessed, watched, policy) = app
        .read(&actor, async |view| {
            Ok((
                ledger::keys_of_log(view).await?,
                ledger::deliveries(view).await?,
                ledger::anchors(view).await?,
                ledger::cosignatures(view).await?,
                ledger::witnessed(view).await?,
                ledger::watched(view).await?,
                ledger::log_policy(view).await?,
            ))
        })
        .await?;
    app.close().await;
    let keys: Vec<_> = keys
        .iter()
        .map(|key| json!({"key": key.verifier_key, "epoch": key.epoch, "from": key.from, "to": key.to}))
        .collect();
    let changes: Vec<_> = policy
        .changes
        .iter()
        .map(|change| json!({"at": change.at, "leaf": change.index, "by": change.by, "what": change.what}))
        .collect();
    let answer = json!({
        "policy": {"in_force": policy.policy, "changes": changes}, "keys": keys, "deliveries": deliveries, "timestamps": anchors, "cosignatures": cosignatures,
        "witnessed": witnessed, "watched": watched,
    });
    output.answer(&answer, |output| {
        print_watched(&watched, output);
        if let Some(last) = policy.changes.first() {
            let (at, what) = (last.at.minute(), last.what.join(", "));
            output
                .line(format!("the policy was changed {} times, last at {at}: {what}", policy.changes.len()));
        }
        for key in &keys {
            output.line(format!("key {} counts from size {} to {}", key["key"], key["from"], key["to"]));
        }
        for anchor in anchors.iter().take(10) {
            let at = anchor.latest_at.minute();
            output.line(format!("{} entries existed at {at}, says {}", anchor.size, anchor.authority));
        }
        for cosignature in cosignatures.iter().take(10) {
            let at = cosignature.cosigned_at.minute();
            output.line(format!(
                "{} entries were cosigned at {at} by {}",
                cosignature.size, cosignature.witness
            ));
        }
        for delivery in deliveries.iter().take(10) {
            let how = match (delivery.delivered_at, &delivery.problem) {
                (Some(at), _) => format!("arrived at {}", at.minute()),
                (None, Some(problem)) => format!("did not arrive: {problem}"),
                (None, None) => "is on its way, or a newer one took its place".to_owned(),
            };
            output.line(format!("the checkpoint of {} entries for {} {how}", delivery.size, delivery.target));
        }
    })?;
    Ok(())
}

/// Says plainly who does not answer, and that nobody outside is named.
pub(super) fn print_watched(watched: &Watched, output: &Output) {
    for party in watched.silent() {
        let since = party.failing_since.map(|since| since.minute()).unwrap_or_default();
        let problem = party.problem.as_deref().unwrap_or_default();
        let line = format!("✗ {} {} has not answered since {since}: {problem}", party.kind, party.name);
        output.line(output.tone(Tone::Bad, line));
    }
    if !watched.is_alone() {
        let lacking: Vec<&str> = watched.lacking().into_iter().map(PartyKind::word).collect();
        if !lacking.is_empty() {
            let line = format!("the settings name no {}", lacking.join(" and no "));
            output.line(output.tone(Tone::Muted, line));
        }
        return;
    }
    let nobody = "nobody outside sees this log: the settings name no witness, no authority and no place";
    if watched.open_periods.is_empty() {
        output.line(output.tone(Tone::Unknown, nobody.to_owned()));
    } else {
        let periods: Vec<String> = watched.open_periods.iter().map(ToString::to_string).collect();
        let line = format!("✗ {nobody}, while period {} is open", periods.join(", "));
        output.line(output.tone(Tone::Bad, line));
    }
}
