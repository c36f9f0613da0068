//! What encryption at rest costs a collection: the artifacts of one look at a host stored by an organization that
//! encrypts, as a ratio to one that does not. Run with `cargo bench -p tickmark-app --bench evidence`.

use std::time::{Duration, Instant};

use sqlx::AssertSqlSafe;
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, evidence};
use tickmark_core::Timestamp;
use tickmark_core::evidence::{Method, Provenance, RawArtifact};
use tickmark_core::id::{RunKey, TargetKey};

/// Artifacts of one look, about as many as one at a Linux host has.
const ARTIFACTS: usize = 80;
/// Bytes of each: a look at a host keeps about 1 MB.
const BYTES: usize = 12 * 1024;
/// Looks in which every artifact changed.
const LOOKS: i64 = 20;
/// Longest time a look may take, as a ratio to plain.
const LIMIT: f64 = 1.5;

fn look(number: i64) -> Vec<RawArtifact> {
    let at = Timestamp::from_seconds(number);
    (0..ARTIFACTS)
        .map(|n| RawArtifact {
            name: format!("artifact-{n}"),
            media_type: "text/plain; charset=utf-8".into(),
            bytes: format!("{number} {n} {}", "x".repeat(BYTES)).into_bytes(),
            provenance: Provenance {
                method: Method::File { path: format!("/etc/{n}") },
                started: at,
                finished: at,
                user: "root".into(),
                truncated: false,
                original_bytes: BYTES as u64,
                redactions: Vec::new(),
            },
        })
        .collect()
}

async fn store(app: &App, actor: &Actor, run: i64, look: &[RawArtifact]) -> Duration {
    let begun = Instant::now();
    app.transact(actor, async |cx| evidence::store(cx, RunKey(run), Some(TargetKey(1)), look).await)
        .await
        .expect("stored");
    begun.elapsed()
}

#[tokio::main]
async fn main() {
    let (plain, sealed) = (World::sqlite(), World::sqlite());
    let (with, actor) = sealed.start().await;
    let (without, other) = plain.start().await;
    let stop = "DELETE FROM wrapping_key";
    without
        .transact(&other, async |cx| {
            sqlx::raw_sql(AssertSqlSafe(stop)).execute(cx.connection()).await?;
            Ok(())
        })
        .await
        .expect("an organization from before artifacts were encrypted");
    // One after another, so that the machine's moods meet both.
    let (mut changed, mut same) = ([Duration::ZERO; 2], [Duration::ZERO; 2]);
    for number in 1..=LOOKS {
        let look = look(number);
        for (n, (app, actor)) in [(&without, &other), (&with, &actor)].into_iter().enumerate() {
            changed[n] += store(app, actor, number * 2, &look).await;
            same[n] += store(app, actor, number * 2 + 1, &look).await;
        }
    }
    for (what, [plain, sealed]) in [("changed", changed), ("unchanged", same)] {
        let millis = |time: Duration| time.as_secs_f64() * 1000.0 / LOOKS as f64;
        println!(
            "{ARTIFACTS} artifacts of {BYTES} bytes, all {what}: {:.1} ms plain, {:.1} ms encrypted, ratio {:.2} (limit {LIMIT})",
            millis(plain),
            millis(sealed),
            sealed.as_secs_f64() / plain.as_secs_f64()
        );
    }
}
