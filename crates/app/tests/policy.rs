//! The policy of the log: each change of it is an entry, and whoever checks the log follows them.

use std::sync::Arc;

use tickmark_app::ledger::{self, FileTarget, LedgerSettings, Outside, WitnessSettings};
use tickmark_app::port::NoOutbound;
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, evidence};
use tickmark_ledger::directory::{self, Folder};
use tickmark_ledger::leaf::LeafKind;
use tickmark_ledger::note::SignerKey;
use tickmark_ledger::policy::PolicySet;

use crate::ledger::quiet;

/// Returns the entries `policy.set`, oldest first.
async fn policies(app: &App, actor: &Actor) -> Vec<PolicySet> {
    app.sequence(actor).await.expect("sequencing");
    let mut entries = app.read(actor, async |view| ledger::latest(view, 1000).await).await.expect("entries");
    entries.reverse();
    entries
        .iter()
        .map(|entry| entry.leaf().expect("an entry"))
        .filter(|leaf| leaf.kind == LeafKind::PolicySet)
        .map(|leaf| serde_json::from_slice(leaf.body).expect("a policy"))
        .collect()
}

async fn keep(app: &App, actor: &Actor) -> bool {
    app.keep_policy(actor).await.expect("kept")
}

fn seen_by(folder: &std::path::Path) -> Outside {
    let witness = SignerKey::cosigner_from_seed("w.example/1", &[5; 32]).expect("key");
    let settings = LedgerSettings {
        allowed_hosts: vec!["w.example".into()],
        file: vec![FileTarget { name: "disk".into(), folder: folder.to_owned() }],
        witness: vec![WitnessSettings {
            url: "https://w.example".into(),
            key: witness.verifier().to_string(),
        }],
        ..LedgerSettings::default()
    };
    settings.validate().expect("settings");
    Outside { settings, outbound: Arc::new(NoOutbound) }
}

#[tokio::test]
async fn each_change_of_policy_is_an_entry_once() {
    for world in World::both().await {
        let scratch = tempfile::tempdir().expect("scratch");
        let (app, actor) = world.start().await;
        assert!(!keep(&app, &actor).await, "what every log begins with is not said");
        assert_eq!(policies(&app, &actor).await, []);
        // How long evidence is kept is recorded with the change itself.
        let person = world.person(&app, &actor).await;
        app.transact(&person, async |cx| evidence::set_retention(cx, "evidence", 3000).await)
            .await
            .expect("set");
        let said = policies(&app, &actor).await;
        assert_eq!(said.len(), 1);
        assert_eq!((said[0].retention_days["evidence"], said[0].quorum), (3000, 0));
        assert!(!keep(&app, &actor).await);
        app.close().await;
        drop(app);

        // Other settings: somebody outside.
        let app = world.try_start_with(seen_by(scratch.path())).await.expect("starting");
        assert!(keep(&app, &actor).await && !keep(&app, &actor).await);
        let said = policies(&app, &actor).await;
        let last = said.last().expect("a policy");
        assert_eq!(
            (last.witnesses.len(), last.quorum, last.places.as_slice()),
            (1, 1, &["disk".to_owned()][..])
        );
        assert_eq!((last.witnesses[0].name.as_str(), last.keys.len()), ("w.example/1", 1));

        // Keys: both while both sign.
        app.rotate_key(&actor).await.expect("rotated");
        assert!(keep(&app, &actor).await);
        assert_eq!(policies(&app, &actor).await.last().expect("a policy").keys.len(), 2);
        app.finish_rotation(&actor).await.expect("finished");
        let folder = scratch.path().join("log");
        let check = async |app: &App| {
            app.export_log(&actor, &folder, &quiet).await.expect("exported");
            let policy = app.read(&actor, async |view| ledger::policy(view).await).await.expect("keys");
            directory::check(&mut Folder(folder.clone()), &policy, |_, _| ()).expect("checked").problems
        };
        // The key that is alone now was announced by its rotation.
        assert_eq!(check(&app).await, []);
        assert!(keep(&app, &actor).await);
        assert_eq!(check(&app).await, []);
        app.close().await;
        drop(app);

        // Nobody outside any more: that does not go unnoticed.
        let app = world.try_start().await.expect("starting");
        assert!(keep(&app, &actor).await);
        let told = app.read(&actor, async |view| ledger::log_policy(view).await).await.expect("a policy");
        assert!(told.policy.witnesses.is_empty() && told.policy.retention_days["evidence"] == 3000);
        let what: Vec<&[&str]> = told.changes.iter().map(|change| change.what.as_slice()).collect();
        assert_eq!(
            what,
            [
                &["witnesses", "how many witnesses have to cosign", "places"][..],
                &["signing keys"],
                &["signing keys"],
                &["witnesses", "how many witnesses have to cosign", "places"],
                &["how long evidence is kept"],
            ]
        );
        assert_eq!(told.changes[4].by, Some(person.id));
        assert!(told.changes.iter().skip(1).all(|change| change.index.is_some()));
        let said = policies(&app, &actor).await;
        assert_eq!((said.len(), said.last().map(|last| last.witnesses.len())), (5, Some(0)));
        assert_eq!(app.fsck(&actor, &quiet).await.expect("scrubbing").count, 0);
        app.close().await;
    }
}
