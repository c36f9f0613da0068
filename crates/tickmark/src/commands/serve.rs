//! `tickmark serve`: the pages, on loopback, behind a one-time link.

mod accounts;
mod work;

use std::convert::Infallible;
use std::future::IntoFuture as _;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use clap::Args;
use tickmark_app::report::Library;
use tickmark_app::{Actor, App};
use tickmark_web::{Pages, Settings, WebState};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{catalog, checks};
use crate::cli::Common;
use crate::clock;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// The usual port.
pub(crate) const PORT: u16 = 7474;

/// Where the pages are served.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = PORT)]
    pub(crate) port: u16,
}

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark serve                           look, in one browser on this machine
  tickmark serve --accounts                people sign in, each with an account
  tickmark serve --accounts --url https://tickmark.example.com";

/// `tickmark serve`
#[derive(Debug, Args)]
pub(crate) struct ServeTo {
    /// Where.
    #[command(flatten)]
    pub(crate) serve: Serve,
    /// Let people sign in with accounts of their own. The data folder is then opened for writing: nothing else writes
    /// to it while the server runs.
    #[arg(long)]
    pub(crate) accounts: bool,
    /// With accounts: the address that people use, where a proxy on this machine does HTTPS, e.g.
    /// `https://tickmark.example.com`.
    #[arg(long, value_name = "URL", requires = "accounts")]
    pub(crate) url: Option<String>,
}

/// Runs `tickmark serve`.
pub(crate) async fn run(options: &ServeTo, common: &Common, output: &Output) -> Outcome {
    use_small_pages();
    if options.accounts {
        return accounts::serve(options, common, output).await;
    }
    let app = wiring::inspect(common).await?;
    serve(app, &options.serve, common, output).await
}

/// Keeps the memory of a server small: the allocator asks for huge pages, and with them all that was ever touched a little
/// weighs two MiB each time: 60 MB instead of 44 when nothing is asked. Where it cannot be had it is only more memory.
fn use_small_pages() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "memory stays in huge pages");
    }
}

/// Serves until interrupted. The app is opened for looking only, so that collecting goes on beside it.
pub(crate) async fn serve(app: App, options: &Serve, common: &Common, output: &Output) -> Outcome {
    let actor = wiring::reader(&app).await?;
    let out = wiring::out_folder(&app, &actor, common).await?;
    let (pages, _) = pages(Arc::new(app), actor, out, (common, output))?;
    let (listener, port) = listen(options).await?;
    let state =
        WebState::new(tickmark_web::Source::live(pages), Settings::loopback(port), clock::now, random);
    let link = state.one_time_link(&random());
    output.line(format!("\nOpen {}", output.tone(Tone::Strong, format!("http://127.0.0.1:{port}{link}"))));
    output.note("The link works once, on this machine. Ctrl-C stops; `tickmark serve` prints a new one.");
    let mut silent = output.clone();
    silent.quiet = true;
    let serving = answer(listener, tickmark_web::router(state));
    tokio::select! {
        served = serving => served.map_err(anyhow::Error::from)??,
        never = publish_again_and_again(common, &silent) => match never {},
    }
    Ok(())
}

/// What the pages show, and the checks.
fn pages(
    app: Arc<App>,
    actor: Actor,
    out: PathBuf,
    (common, output): (&Common, &Output),
) -> Outcome<(Pages, Library)> {
    let library = checks::load(&common.data, output)?;
    let check_tests = library
        .checks()
        .map(|check| {
            (
                check.id().to_owned(),
                tickmark_web::source::test_names(check.source().tests.as_deref().unwrap_or_default()),
            )
        })
        .collect();
    let catalog = catalog::load(&common.data)?;
    Ok((Pages { app, actor, catalog, check_tests, out }, library))
}

/// Answers requests until interrupted, on a task of its own: work beside the pages, however long it keeps a core, delays no
/// new connection.
fn answer(listener: TcpListener, pages: Router) -> JoinHandle<std::io::Result<()>> {
    tokio::spawn(axum::serve(listener, pages).with_graceful_shutdown(super::interrupted()).into_future())
}

async fn listen(options: &Serve) -> Outcome<(TcpListener, u16)> {
    let address = format!("127.0.0.1:{}", options.port);
    let listener = TcpListener::bind(&address).await.map_err(|error| {
        Failure::Could(anyhow::anyhow!(
            "cannot serve on {address}: {error}; choose another with --port, 0 takes a free one"
        ))
    })?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// Returns 32 unguessable bytes.
fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    clock::random(&mut bytes);
    bytes
}

/// Lets checkpoints leave the building on the interval of the settings. The pages only look, so each time the folder is
/// opened for writing and closed again; while somebody else writes, it is left for the next time.
async fn publish_again_and_again(common: &Common, output: &Output) -> Infallible {
    let settings = wiring::ledger_settings(common).unwrap_or_default();
    if settings.is_empty() {
        return std::future::pending().await;
    }
    let pause = std::time::Duration::from_secs(u64::from(settings.publish_every_minutes) * 60);
    loop {
        if let Err(failure) = publish(common, output).await {
            tracing::info!(?failure, "checkpoints are published next time");
        }
        tokio::time::sleep(pause).await;
    }
}

async fn publish(common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let mut published = Ok(());
    for actor in app.everywhere().await? {
        published = super::ledger::outside::after_work(&app, &actor, output).await;
        if published.is_err() {
            break;
        }
    }
    app.close().await;
    published
}
