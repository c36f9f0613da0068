//! An organization with something of everything: twenty days of looks with failures and holes, controls in every state,
//! evidence, findings, waivers, people, and examinations planned, under way and over.

mod engagements;
mod people;
mod program;

use serde_json::json;
use tickmark_app::observation::{self, RunInput};
use tickmark_app::testing::Account;
use tickmark_app::{Actor, App, conclusion, control, report};
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::readiness::{Answer, Question};
use tickmark_core::evidence::{Method, Provenance, RawArtifact};
use tickmark_core::identity::Role;
use tickmark_core::observation::{Collected, Gap, ReasonClass, TargetRef};
use tickmark_evaluate::Library;

use crate::examination::{Says, auditor, company, let_in};
use crate::host;
use crate::members::{Browser, Server};
use crate::served::Served;

const DAY: i64 = 86_400;
/// How long the story is, in days.
const LENGTH: i64 = 20;
/// A name that fits nowhere.
pub(crate) const LONG_NAME: &str = "build-agent-with-a-rather-long-name-07.internal.eu-central-1.example.com";

/// The organization, with a browser of each of its people.
pub(crate) struct Filled {
    pub(crate) served: Served,
    pub(crate) seats: Seats,
    /// Addresses that nobody guesses: of people, links that were handed over, findings.
    pub(crate) known: Vec<Known>,
}

/// A pattern of addresses, and one at which something is.
pub(crate) type Known = (&'static str, String);

/// Who is signed in.
pub(crate) struct Seats {
    /// The owner.
    pub(crate) olu: Browser,
    /// A compliance manager.
    pub(crate) mia: Browser,
    /// Another one.
    pub(crate) max: Browser,
    /// An executive.
    pub(crate) eva: Browser,
    /// A control owner.
    pub(crate) cora: Browser,
    /// An auditor.
    pub(crate) audrey: Browser,
    /// A colleague of hers.
    pub(crate) bert: Browser,
    /// An auditor of the payroll, which is a SOC 1.
    pub(crate) carl: Browser,
    /// Somebody who is new, and has nothing to do.
    pub(crate) emil: Browser,
}

impl Seats {
    /// Everybody, whoever sees most first.
    pub(crate) fn inside(&mut self) -> [(&'static str, &mut Browser); 9] {
        [
            ("mia", &mut self.mia),
            ("max", &mut self.max),
            ("olu", &mut self.olu),
            ("eva", &mut self.eva),
            ("cora", &mut self.cora),
            ("audrey", &mut self.audrey),
            ("bert", &mut self.bert),
            ("carl", &mut self.carl),
            ("emil", &mut self.emil),
        ]
    }
}

impl Filled {
    pub(crate) fn start() -> Self {
        let served = Served::start_days_ago(LENGTH);
        let (seats, known) = served.run(fill(&served.server));
        Self { served, seats, known }
    }
}

async fn fill(server: &Server) -> (Seats, Vec<Known>) {
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    let owner = server.world.owner(&server.app, &server.program).await;
    company(server).await;
    looks(server, &library).await;
    server.state.set_with(std::sync::Arc::new(Says));
    let mut seats = seats(server, &owner).await;
    let mut known = Vec::new();
    program::fill(server, &mut seats, &mut known).await;
    engagements::fill(server, &mut seats, &mut known).await;
    people::fill(server, &mut seats, &mut known).await;
    known.push(("/evidence/{digest}", raw_evidence(&mut seats.mia).await));
    server.app.remind(&server.program).await.expect("reminded");
    server.app.sequence(&server.program).await.expect("sequenced");
    server.state.assess_with(std::sync::Arc::new(library), "test");
    (seats, known)
}

/// Where the list of raw evidence leads first.
async fn raw_evidence(mia: &mut Browser) -> String {
    const DIGEST_CHARS: usize = 64;
    let list = mia.get("/evidence").await;
    let mut links = list.text().split("href=\"/evidence/").skip(1).filter_map(|rest| rest.split('"').next());
    let digest = links.find(|link| link.len() == DIGEST_CHARS);
    format!("/evidence/{}", digest.expect("something was seen"))
}

async fn seats(server: &Server, owner: &Account) -> Seats {
    engagements::planned(server).await;
    let manager = [Role::ComplianceManager];
    let mut olu = server.signed_in(owner).await;
    let (mia, _) = server.member("Mia", &manager).await;
    let (max, _) = server.member("Max", &manager).await;
    let (eva, _) = server.member("Eva", &[Role::Executive]).await;
    let (cora, _) = server.member("Cora", &[Role::ControlOwner]).await;
    let (emil, _) = server.member("Emil", &[Role::Employee]).await;
    let audrey = auditor(server, &mut olu, "Audrey").await;
    let bert = auditor(server, &mut olu, "Bert").await;
    let (carl, _) = let_in(server, &mut olu, "Carl", "/engagements/4/access").await;
    Seats { olu, mia, max, eva, cora, audrey, bert, carl, emil }
}

/// What was seen of a machine at the moment of the clock.
fn look(app: &App, id: &str, name: &str, roots: &[&str]) -> Collected {
    let user = |name: &&str| {
        json!({"name": name, "uid": 0, "gid": 0, "comment": "", "home": "/", "shell": "/bin/sh",
               "is_system": false, "is_login_capable": true, "groups": [name]})
    };
    let gap = Gap {
        path: "accounts.shadow".into(),
        reason: ReasonClass::NotPermitted,
        detail: "/etc/shadow: permission denied".into(),
    };
    let users: Vec<_> = roots.iter().map(user).collect();
    let at = app.now();
    Collected {
        target: TargetRef { kind: "host".into(), external_id: id.into(), name: name.into() },
        schema: "host/1".into(),
        facts: json!({"schema": "host/1", "gaps": [gap], "accounts": {"users": users, "malformed_lines": []}}),
        gaps: vec![gap],
        artifacts: vec![RawArtifact {
            name: "passwd".into(),
            media_type: "text/plain; charset=utf-8".into(),
            bytes: format!("{}:x:0:0::/root:/bin/sh\n", roots.join(":x:0:0::/root:/bin/sh\n")).into(),
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

async fn run(app: &App, actor: &Actor, library: &Library, looks: Vec<Collected>) {
    let key = app.transact(actor, async |cx| observation::open_run(cx, "host", "host 0.1.0").await);
    let key = key.await.expect("opened");
    let input = RunInput {
        expected: looks.iter().map(|look| look.target.clone()).collect(),
        enumeration: "these machines".into(),
        collected: looks,
    };
    app.transact(actor, async |cx| observation::record(cx, library, key, input).await)
        .await
        .expect("recorded");
}

/// Looks at two machines for twenty days: one fails for a while, a run is cut off, nobody looks for some days, and people
/// answer about controls.
async fn looks(server: &Server, library: &Library) {
    let (app, program) = (&server.app, &server.program);
    let catalog = Catalog::builtin();
    app.transact(program, async |cx| control::sync_tests(cx, library).await).await.expect("mapped");
    let person = server.world.person(app, program).await;
    let freeze = async || {
        app.transact(&person, async |cx| {
            let model = report::readiness(cx, &catalog, library, "Robin Example", "test").await?;
            conclusion::snapshot(cx, &model).await
        })
        .await
        .expect("frozen")
    };
    for day in 0..LENGTH {
        match day {
            10 => {
                let open =
                    app.transact(program, async |cx| observation::open_run(cx, "host", "host 0.1.0").await);
                open.await.expect("opened");
            }
            11..14 => {}
            _ => {
                app.transact(program, async |cx| observation::miss_open_runs(cx).await)
                    .await
                    .expect("noticed");
                let roots: &[&str] = if (3..5).contains(&day) { &["root", "eve"] } else { &["root"] };
                let mut looks = vec![look(app, "id-of-ada", "ada", roots)];
                if day > 6 {
                    looks.push(look(app, "id-of-agent", LONG_NAME, &["root"]));
                }
                run(app, program, library, looks).await;
            }
        }
        if day == 4 {
            freeze().await;
        }
        app.sequence(program).await.expect("sequenced");
        server.world.wait(DAY);
    }
    app.transact(&person, async |cx| {
        for (starter, answer) in
            catalog.controls.iter().step_by(2).zip(Answer::ALL.into_iter().take(3).cycle())
        {
            let id = starter.id.parse().expect("an id");
            for question in Question::ALL.into_iter().take(3) {
                conclusion::decide(cx, &id, question, answer, "read with the owner").await?;
            }
        }
        Ok(())
    })
    .await
    .expect("decided");
    freeze().await;
    // The last look finds something that nobody has mended.
    host::collect(app, program, library).await;
}
