//! A host to look at: two accounts of UID 0 and a part that may not be read.

use serde_json::json;
use tickmark_app::observation::{self, RunInput};
use tickmark_app::{Actor, App, control};
use tickmark_core::Timestamp;
use tickmark_core::evidence::{Method, Provenance, RawArtifact};
use tickmark_core::observation::{Collected, Gap, ReasonClass, TargetRef};
use tickmark_evaluate::Library;

pub(crate) const PASSWD: &str = "root:x:0:0::/root:/bin/sh\neve:x:0:0:<script>:/home/eve:/bin/sh\n";

/// A host with two accounts of UID 0 and a part that may not be read.
pub(crate) fn look() -> Collected {
    let user = |name: &str| {
        json!({"name": name, "uid": 0, "gid": 0, "comment": "", "home": "/", "shell": "/bin/sh",
               "is_system": false, "is_login_capable": true, "groups": [name]})
    };
    let gap = Gap {
        path: "accounts.shadow".into(),
        reason: ReasonClass::NotPermitted,
        detail: "/etc/shadow: permission denied".into(),
    };
    let facts = json!({
        "schema": "host/1", "gaps": [gap],
        "accounts": {"users": [user("root"), user("eve")], "malformed_lines": []},
    });
    let at = Timestamp::from_seconds(1_795_531_400);
    Collected {
        target: TargetRef { kind: "host".into(), external_id: "id-of-ada".into(), name: "ada".into() },
        schema: "host/1".into(),
        facts,
        gaps: vec![gap],
        artifacts: vec![RawArtifact {
            name: "passwd".into(),
            media_type: "text/plain; charset=utf-8".into(),
            bytes: PASSWD.into(),
            provenance: Provenance {
                method: Method::File { path: "/etc/passwd".into() },
                started: at,
                finished: at,
                user: "ada (uid 1000)".into(),
                truncated: false,
                original_bytes: 70,
                redactions: Vec::new(),
            },
        }],
        collector: "host 0.1.0".into(),
        started: at,
        finished: at,
    }
}

pub(crate) async fn collect(app: &App, actor: &Actor, library: &Library) {
    let key = app
        .transact(actor, async |cx| observation::open_run(cx, "host", "host 0.1.0").await)
        .await
        .expect("opened");
    let look = look();
    let input = RunInput {
        expected: vec![look.target.clone()],
        enumeration: "this machine".into(),
        collected: vec![look],
    };
    app.transact(actor, async |cx| observation::record(cx, library, key, input).await)
        .await
        .expect("recorded");
    app.transact(actor, async |cx| control::sync_tests(cx, library).await).await.expect("mapped");
    app.sequence(actor).await.expect("sequenced");
}
