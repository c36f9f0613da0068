//! Schemathesis asks a running server whatever the OpenAPI document allows, and what it does not: no answer may be a fault of
//! ours, and each must be as it is described. `scripts/install-test-needs` installs it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tickmark_app::identity::token;
use tickmark_app::testing::World;
use tickmark_core::catalog::Catalog;
use tickmark_core::identity::Role;
use tickmark_evaluate::Library;
use tickmark_web::Settings;
use tickmark_web::api::document;

use crate::host::collect;
use crate::members::Server;
use crate::visitor::HOST_NAME;

/// The version that is installed.
const VERSION: &str = "4.32.5";
/// How long each of two callers may ask, in seconds.
const SECONDS: u32 = 30;
/// Pause between two ticks of the clock that the server has.
const TICK: Duration = Duration::from_millis(100);
/// Seconds of one tick while a person asks: what they showed of who they are stays fresh for ten minutes.
const PERSON_SECONDS: i64 = 1;
/// Seconds of one tick while a program asks: wrong tokens are among its questions, and few are looked at in a minute.
const PROGRAM_SECONDS: i64 = 20;

#[expect(
    clippy::disallowed_methods,
    reason = "where tools of tests are installed is said by the environment"
)]
fn program() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    let folder = cache.expect("a home").join(format!("tickmark-test/schemathesis-{VERSION}"));
    let program = folder.join("bin/schemathesis");
    assert!(program.exists(), "{} is not there: scripts/install-test-needs installs it", program.display());
    program
}

/// The document for a caller who shows who they are in one way, which is left out where it is not to be left off.
fn described(scheme: Option<&str>) -> Value {
    let mut document = document();
    let schemes = document["components"]["securitySchemes"].as_object_mut().expect("schemes");
    schemes.retain(|name, _| Some(name.as_str()) == scheme);
    let needed = scheme.map_or_else(|| json!([]), |name| json!([{name: []}]));
    document["security"] = needed.clone();
    for operations in document["paths"].as_object_mut().expect("paths").values_mut() {
        for operation in operations.as_object_mut().expect("operations").values_mut() {
            operation["security"] = needed.clone();
        }
    }
    document
}

/// Asks whatever the document allows, and what it does not, with a header that shows who asks.
async fn ask(port: u16, document: &Value, header: String) {
    let folder = tempfile::tempdir().expect("scratch");
    let path = folder.path().join("openapi.json");
    std::fs::write(&path, document.to_string()).expect("written");
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(program());
    command
        .current_dir(folder.path())
        .arg("--config-file")
        .arg(own.join("tests/support/schemathesis.toml"))
        .arg("run")
        .arg(&path)
        .args(["--url", &format!("http://127.0.0.1:{port}")])
        .args(["--header", &header])
        // One worker: Python 3.11 loses count of depth when two threads read source code (CPython issue 106905).
        .args(["--checks", "all", "--workers", "1", "--seed", "1", "--no-color"])
        .args(["--generation-database", "none", "--request-timeout", "20"])
        .args(["--max-time", &SECONDS.to_string()])
        .env_remove("TICKMARK_DATABASE_URL");
    let output =
        tokio::task::spawn_blocking(move || command.output()).await.expect("joined").expect("it runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let (_, secret) = header.split_once(' ').expect("a header");
    assert!(output.status.success(), "{}\n{errors}", said.replace(secret, "***"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_asked_the_api_answers_as_its_document_says() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let world = World::sqlite();
    let (app, starter) = world.start().await;
    // As behind HTTPS: the cookie is then called as the document says.
    // However quickly it asks, the limit of requests does not end the questions.
    let mut settings = Settings { is_secure: true, requests_a_minute: u32::MAX, ..Settings::loopback(port) };
    settings.hosts.push(HOST_NAME.to_owned());
    let server = Server::over(world, app, starter, settings);
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    let catalog = Catalog::builtin();
    server
        .app
        .transact(&server.program, async |cx| tickmark_app::control::adopt_starters(cx, &catalog).await)
        .await
        .expect("adopted");
    collect(&server.app, &server.program, &library).await;
    crate::caller::fill(&server).await;
    let account = server.world.member(&server.app, &server.program, "Cam", &[Role::ComplianceManager]).await;
    let actor = account.actor(&server.world, &server.app).await;
    let (_, text) = server
        .app
        .transact(&actor, async |cx| {
            let all: BTreeSet<_> = token::can_be_given(cx)?.into_iter().collect();
            token::create(cx, "schemathesis", &all, 90).await
        })
        .await
        .expect("a token");
    let (browser, _) = server.member("Mia", &[Role::ComplianceManager, Role::Executive]).await;
    let cookies: Vec<String> =
        browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();

    let router = server.router.clone();
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    // The clock goes on quickly, so that of wrong tokens and of what costs much enough is answered.
    let world = Arc::new(server.world);
    let (clock, seconds) = (Arc::clone(&world), Arc::new(AtomicI64::new(PERSON_SECONDS)));
    let pace = Arc::clone(&seconds);
    let ticking = tokio::spawn(async move {
        loop {
            tokio::time::sleep(TICK).await;
            clock.wait(pace.load(Ordering::Relaxed));
        }
    });
    // A person may do everything here, a program what tokens can be given.
    ask(port, &described(None), format!("Cookie: {}", cookies.join("; "))).await;
    seconds.store(PROGRAM_SECONDS, Ordering::Relaxed);
    ask(port, &described(Some("token")), format!("Authorization: Bearer {}", text.as_str())).await;
    serving.abort();
    ticking.abort();
}
