//! People: invitations, proposals, links for what was lost, tokens, views, work that was asked for.

use axum::http::StatusCode;
use tickmark_app::{identity, job};
use tickmark_core::job::JobKind;

use super::{Known, Seats};
use crate::members::Server;

/// The path in a page that begins with `start`.
fn path(page: &str, start: &str) -> String {
    let at = page.find(start).unwrap_or_else(|| panic!("no {start}: {page}"));
    page[at..].chars().take_while(|c| c.is_ascii_alphanumeric() || "/-".contains(*c)).collect()
}

pub(super) async fn fill(server: &Server, seats: &mut Seats, known: &mut Vec<Known>) {
    let Seats { olu, mia, .. } = seats;
    let made =
        olu.send("/people", "/people", &[("email", "nia@example.com"), ("role", "control_owner")]).await;
    known.push(("/join/{secret}", path(made.text(), "/join/")));
    let robin = server.world.find_member(&server.app, &server.program, "max@example.com").await.id;
    let here = format!("/people/{robin}");
    known.push(("/people/{id}", here.clone()));
    let proposed = olu.send(&here, &format!("{here}/grant"), &[("role", "admin")]).await;
    assert_eq!(proposed.status, StatusCode::SEE_OTHER, "{}", proposed.text());
    let emil = server.world.find_member(&server.app, &server.program, "emil@example.com").await.id;
    let here = format!("/people/{emil}");
    let lost = [("lost", "password"), ("reason", "a new telephone")];
    let reset = olu.send(&here, &format!("{here}/reset"), &lost).await;
    known.push(("/reset/{secret}", path(reset.text(), "/reset/")));

    let systems = server.app.read(&server.program, async |view| identity::systems(view).await);
    let system = systems.await.expect("systems")[0].id;
    known.push(("/systems/{id}", format!("/systems/{system}")));

    let connection = [
        ("name", "Example directory"),
        ("issuer", "https://id.example.com/realms/example"),
        ("client", "tickmark"),
        ("secret", "a client secret"),
        ("algorithm", "RS256"),
        ("domains", "example.com"),
        ("second", "mfa"),
        ("strong", "phr"),
        ("on", "yes"),
    ];
    let written = olu.send("/people/providers", "/people/providers", &connection).await;
    assert_eq!(written.status, StatusCode::SEE_OTHER, "{}", written.text());
    known.push(("/people/providers/{id}", written.header("location").to_owned()));

    let accepted = [
        ("add-certificates", "certificates", include_str!("../../support/maker.pem")),
        ("add-models", "models", "ee882879-721c-4913-9775-3dfcce97072a Example key 5, with NFC"),
    ];
    for (act, field, value) in accepted {
        let page = "/people/sign-in/attestation";
        let fields = [(field, value), ("reason", "the keys that we hand out")];
        let added = olu.send(page, &format!("{page}/{act}"), &fields).await;
        assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text());
    }

    let token = [("name", "nightly export"), ("atom", "control.read"), ("atom", "test.read"), ("days", "30")];
    assert_eq!(mia.send("/account/tokens", "/account/tokens", &token).await.status, StatusCode::OK);
    let form = "/views/new?list=controls&query=status%3Dgap%26sort%3Dtitle";
    let view =
        [("list", "controls"), ("query", "status=gap&sort=title"), ("name", "Gaps"), ("shared", "yes")];
    assert_eq!(mia.send(form, "/views/new", &view).await.status, StatusCode::SEE_OTHER);
    known.push(("/views/new", form.to_owned()));

    for (kind, outcome) in [
        (
            JobKind::Collect,
            Ok("Run 19: 4 pass, 2 fail, 98 unknown, 3 not applicable; 2 verdicts changed".to_owned()),
        ),
        (JobKind::Report, Err("the disk is full".to_owned())),
    ] {
        mia.send("/jobs", "/jobs", &[("kind", kind.word())]).await;
        let taken = server.app.transact(&server.program, async |cx| job::take(cx).await).await;
        let taken = taken.expect("taken").expect("waits");
        let end = async |cx: &mut tickmark_app::Cx<'_>| job::finish(cx, &taken, outcome.clone()).await;
        server.app.transact(&server.program, end).await.expect("finished");
    }
    mia.send("/jobs", "/jobs/schedule", &[("kind", "report"), ("hours", "168")]).await;
    let out = server.app.folder().out();
    std::fs::create_dir_all(&out).expect("made");
    for file in ["readiness.pdf", "matrix.xlsx", "matrix.csv"] {
        std::fs::write(out.join(file), vec![b'x'; 48_211]).expect("written");
    }
}
