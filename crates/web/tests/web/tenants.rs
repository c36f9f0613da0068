//! Two organizations in one installation: nobody in one finds anything of the other, by whatever id.
//!
//! Every address there is is asked for with the ids of the other organization, and again with ids that never existed. The
//! answers must be the same, and hold nothing of the other one.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use tickmark_app::identity::audit::{self, Filter};
use tickmark_app::identity::{people, session, token};
use tickmark_app::{Actor, evidence, observation};
use tickmark_core::catalog::Catalog;
use tickmark_core::identity::Role;
use tickmark_core::identity::totp::STEP_SECONDS;
use tickmark_evaluate::Library;

use crate::host::collect;
use crate::members::{Browser, Server, encode, token as form_token};

/// Everything a member can be at once, so that no role hides what a missing check would show.
const ALL_ROLES: [Role; 6] =
    [Role::Owner, Role::Admin, Role::ComplianceManager, Role::ControlOwner, Role::Employee, Role::Executive];

/// What must never stand in an answer to somebody of the other organization.
const CANARIES: [&str; 4] = ["Example Ltd", "Carol Canary", "id-of-ada", "carol@example.com"];

/// Ids of the organization that is looked for, and of the same forms ids that nobody has.
struct Ids {
    theirs: Vec<String>,
    nobodys: Vec<String>,
}

async fn settle(server: &Server) -> Ids {
    let (app, program) = (&server.app, &server.program);
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    let catalog = Catalog::builtin();
    app.transact(program, async |cx| tickmark_app::control::adopt_starters(cx, &catalog).await)
        .await
        .expect("adopted");
    collect(app, program, &library).await;
    let roles: BTreeSet<Role> = ALL_ROLES.into();
    let link = app
        .transact(program, async |cx| people::invite(cx, "carol@example.com", &roles).await)
        .await
        .expect("invited");
    let carol = server.world.join(app, &link, "carol@example.com", "Carol Canary").await;
    let actor = carol.actor(&server.world, app).await;
    let atoms = BTreeSet::from(["control.read".parse().expect("an atom")]);
    let (made, _) =
        app.transact(&actor, async |cx| token::create(cx, "canary", &atoms, 9).await).await.expect("a token");
    let waiting = app
        .transact(program, async |cx| {
            people::invite(cx, "x@example.com", &BTreeSet::from([Role::Employee])).await
        })
        .await
        .expect("invited");
    let robin = server.world.member(app, program, "Robin", &[Role::Employee]).await;
    let robin = server.world.find_member(app, program, &robin.email).await;
    let proposal = app
        .transact(&actor, async |cx| people::propose(cx, robin.id, Role::Admin).await)
        .await
        .expect("proposed");
    app.sequence(program).await.expect("sequenced");
    let member = server.world.find_member(app, program, "carol@example.com").await;
    let sessions = app.read(&actor, async |view| session::mine(view).await).await.expect("sessions");
    let artifacts = app
        .read(program, async |view| evidence::list(view, evidence::ArtifactKey(0), 5).await)
        .await
        .expect("artifacts");
    let digest = artifacts.first().expect("one").stored.to_string();
    let targets = app.read(program, async |view| observation::targets(view).await).await.expect("targets");
    let uuid = "01890000-0000-7000-8000-000000000000".to_owned();
    Ids {
        theirs: vec![
            member.id.to_string(),
            robin.id.to_string(),
            waiting.invitation.to_string(),
            proposal.to_string(),
            sessions.first().expect("a session").id.to_string(),
            made.id.to_string(),
            digest,
            targets.first().expect("a target").key.to_string(),
            "IAM-05".to_owned(),
            "accounts-only-root-has-uid-0".to_owned(),
        ],
        nobodys: vec![
            uuid.clone(),
            uuid.clone(),
            uuid.clone(),
            uuid.clone(),
            uuid.clone(),
            uuid,
            format!("sha256:{}", "7".repeat(64)),
            "987654".to_owned(),
            "ZZZ-99".to_owned(),
            "no-such-check-anywhere".to_owned(),
        ],
    }
}

/// A member of another organization, who is everything there.
async fn stranger(server: &Server) -> (Browser, Actor) {
    let there = server.app.ensure_organization("Beta GmbH", "Beta system").await.expect("made");
    let roles: BTreeSet<Role> = ALL_ROLES.into();
    let link = server
        .app
        .transact(&there, async |cx| people::invite(cx, "bert@example.com", &roles).await)
        .await
        .expect("invited");
    let bert = server.world.join(&server.app, &link, "bert@example.com", "Bert").await;
    server.world.wait(STEP_SECONDS);
    (server.signed_in(&bert).await, there)
}

/// The address with every place for an id filled in.
fn filled(pattern: &str, id: &str) -> String {
    let parts = pattern.split('/').map(|part| {
        if part == "{act}" {
            "suspend".to_owned()
        } else if part.starts_with('{') {
            id.replace(':', "%3A")
        } else {
            part.to_owned()
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// An answer without what is different each time: ids of requests, and the address itself.
fn essence(answer: &crate::visitor::Answer, id: &str) -> String {
    let text = String::from_utf8_lossy(&answer.bytes).into_owned();
    let text = text.replace(answer.header("x-request-id"), "");
    // Numbers stand everywhere in a page, and no page of nothing repeats them.
    if id.len() < 6 {
        return text;
    }
    text.replace(&encode(id), "").replace(&id.replace(':', "%3A"), "").replace(id, "")
}

#[tokio::test]
async fn no_address_tells_anything_of_another_organization() {
    let server = Server::start().await;
    let ids = settle(&server).await;
    let (mut bert, _) = stranger(&server).await;
    let mut patterns: Vec<String> =
        tickmark_web::routes().iter().map(|route| route.path.to_owned()).collect();
    patterns.extend(
        tickmark_web::desk_routes().iter().filter(|desk| desk.looks).map(|desk| desk.path.to_owned()),
    );
    patterns.extend(
        tickmark_web::api::operations().map(|one| format!("{}{}", tickmark_web::api::BASE, one.path)),
    );
    let (mut asked, mut not_found) = (0, 0);
    for pattern in &patterns {
        if !pattern.contains('{') {
            let answer = bert.get(pattern).await;
            assert_clean(pattern, &answer);
            continue;
        }
        if pattern.starts_with(tickmark_web::api::BASE) {
            // So many questions are more than a minute takes.
            server.world.wait(4);
        }
        for (theirs, nobodys) in ids.theirs.iter().zip(&ids.nobodys) {
            let path = filled(pattern, theirs);
            let one = bert.get(&path).await;
            assert_clean(&path, &one);
            let other = bert.get(&filled(pattern, nobodys)).await;
            asked += 1;
            if theirs.parse::<i64>().is_ok() || is_of_everybody(pattern) {
                // Numbers are counted in each organization, and criteria and checks are the same for all.
                continue;
            }
            assert_eq!(one.status, other.status, "{path}");
            assert_eq!(essence(&one, theirs), essence(&other, nobodys), "{path}");
            not_found += usize::from(one.status == StatusCode::NOT_FOUND);
        }
    }
    assert!(asked > 200 && not_found > 100, "{asked} asked, {not_found} not found");
    // As filters.
    for (theirs, nobodys) in
        ids.theirs.iter().zip(&ids.nobodys).filter(|(id, other)| id.len() > 9 && id.len() == other.len())
    {
        for path in [
            "/audit-trail?object=",
            "/audit-trail?request=",
            "/api/v1/audit-events?object=",
            "/api/v1/audit-events?request=",
        ] {
            let one = bert.get(&format!("{path}{}", encode(theirs))).await;
            let other = bert.get(&format!("{path}{}", encode(nobodys))).await;
            assert_clean(path, &one);
            assert_eq!(essence(&one, theirs).len(), essence(&other, nobodys).len(), "{path} {theirs}");
        }
    }
}

fn is_of_everybody(pattern: &str) -> bool {
    ["/checks", "/criteria", "/api/v1/checks", "/api/v1/criteria"].iter().any(|of| pattern.starts_with(of))
}

fn assert_clean(path: &str, answer: &crate::visitor::Answer) {
    let text = String::from_utf8_lossy(&answer.bytes);
    for canary in CANARIES {
        assert!(!text.contains(canary), "{path} tells of {canary}: {text}");
    }
    assert!(!answer.status.is_server_error(), "{path} is {}", answer.status);
}

#[tokio::test]
async fn no_form_changes_anything_of_another_organization() {
    let server = Server::start().await;
    let ids = settle(&server).await;
    let (mut bert, _) = stranger(&server).await;
    let count = async || {
        let rows =
            server.app.read(&server.program, async |view| audit::search(view, &Filter::default(), 1).await);
        rows.await.expect("rows").first().map_or(0, |row| row.number)
    };
    let before = count().await;
    let form = form_token(bert.get("/account").await.text());
    // Checks are of the installation: whoever may write one writes it for all of its organizations.
    let is_theirs =
        |desk: &tickmark_web::Desk| desk.changes && desk.path.contains('{') && !is_of_everybody(desk.path);
    for desk in tickmark_web::desk_routes().into_iter().filter(is_theirs) {
        for (theirs, nobodys) in ids.theirs.iter().zip(&ids.nobodys) {
            let fields = [("reason", "x"), ("decision", "agree")];
            for act in ["suspend", "reinstate", "remove", "sign-out", "until"] {
                let path = filled(desk.path, theirs).replace("suspend", act);
                let one = bert.post(&path, &form, fields_of(desk.path, &fields)).await;
                let other = bert
                    .post(
                        &filled(desk.path, nobodys).replace("suspend", act),
                        &form,
                        fields_of(desk.path, &fields),
                    )
                    .await;
                assert_clean(&path, &one);
                assert_eq!(
                    (one.status, essence(&one, theirs)),
                    (other.status, essence(&other, nobodys)),
                    "{path}"
                );
                assert!(one.status.is_client_error(), "{path} is {}", one.status);
            }
        }
    }
    let theirs = server.program.organization.id.to_string();
    let answer = bert.post("/account/organization", &form, &[("organization", &theirs)]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert_eq!(count().await, before, "nothing happened there");
}

#[tokio::test]
async fn no_change_through_the_api_reaches_another_organization() {
    let server = Server::start().await;
    let ids = settle(&server).await;
    let (mut bert, _) = stranger(&server).await;
    let count = async || {
        let rows =
            server.app.read(&server.program, async |view| audit::search(view, &Filter::default(), 1).await);
        rows.await.expect("rows").first().map_or(0, |row| row.number)
    };
    let before = count().await;
    let mut found = 0;
    for writing in tickmark_web::api::writings().filter(|one| one.path.contains('{')) {
        let pattern = format!("{}{}", tickmark_web::api::BASE, writing.path);
        if is_of_everybody(&pattern) {
            continue;
        }
        // So many requests are more than one minute has.
        server.world.wait(61);
        for (theirs, nobodys) in ids.theirs.iter().zip(&ids.nobodys) {
            for body in ["{}", r#"{"reason": "x"}"#] {
                bert.headers = vec![("if-match", "\"1\"".to_owned())];
                let path = filled(&pattern, theirs);
                let kind = Some("application/json");
                let one = bert.bring(writing.method.clone(), &path, kind, body.into()).await;
                let other = filled(&pattern, nobodys);
                let other = bert.bring(writing.method.clone(), &other, kind, body.into()).await;
                assert_clean(&path, &one);
                assert_eq!(one.status, other.status, "{path}");
                assert!(one.status.is_client_error(), "{path} is {}", one.status);
                found += usize::from(one.status == StatusCode::NOT_FOUND);
            }
        }
    }
    assert!(found > 50, "{found}");
    bert.headers.clear();
    assert_eq!(count().await, before, "nothing happened there");
}

/// The fields that a form takes, among these.
fn fields_of<'a>(path: &str, fields: &'a [(&'a str, &'a str)]) -> &'a [(&'a str, &'a str)] {
    if path.starts_with("/people/proposals") {
        fields
    } else if path.starts_with("/people/{id}") {
        &fields[..1]
    } else {
        &[]
    }
}
