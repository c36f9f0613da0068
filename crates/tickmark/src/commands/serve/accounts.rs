//! `tickmark serve --accounts`: people sign in, each with an account of their own.
//!
//! The server speaks plain HTTP on loopback. Where people reach it from other machines, a proxy on this one does HTTPS and
//! hands the requests on; the address that people use is then given with `--url`.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tickmark_app::identity::people;
use tickmark_app::{Actor, App};
use tickmark_web::{Settings, Source, WebState};

use super::{ServeTo, answer, listen, pages, random, work};
use crate::cli::Common;
use crate::clock;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring::{self, Documents};

/// How often entries of the log get their place while the server runs.
const SEQUENCE_EVERY: Duration = Duration::from_secs(5);

/// Serves until interrupted.
pub(super) async fn serve(options: &ServeTo, common: &Common, output: &Output) -> Outcome {
    if !Path::new(&common.data).join("LAYOUT").is_file() {
        return Err(Failure::input(format!(
            "{} is not a data folder yet; `tickmark init` makes one",
            common.data.display()
        )));
    }
    let (listener, port) = listen(&options.serve).await?;
    let (settings, address) = settings(options.url.as_deref(), port)?;
    let mut app = wiring::open(common).await?;
    if options.url.is_some() || !tickmark_app::mail::is_on(&app) {
        app.serve_at(address.clone());
    }
    let app = Arc::new(app);
    let actor = wiring::reader(&app).await?;
    let (pages, library) = pages(Arc::clone(&app), actor.clone(), common, output)?;
    let state = WebState::with_accounts(Source::live(pages), settings, Arc::clone(&app), clock::now, random);
    state.assess_with(Arc::new(library), crate::commands::report::GENERATOR);
    state.set_with(Arc::new(Documents));
    let set_up = app.transact(&actor, async |cx| people::offer_set_up(cx).await).await?;
    match &set_up {
        Some(link) => {
            let page = format!("{address}/join/{}", link.text());
            output.line(format!("\nSet up: {}", output.tone(Tone::Strong, page)));
            output.note(
                "Whoever opens it becomes the owner. It works once, for 30 minutes; starting again prints a new one.",
            );
        }
        None => {
            output.line(format!("\nSign in: {}", output.tone(Tone::Strong, format!("{address}/sign-in"))));
        }
    }
    output.note("Ctrl-C stops.");
    let mut silent = output.clone();
    silent.quiet = true;
    let serving = answer(listener, tickmark_web::router(state));
    tokio::select! {
        served = serving => served.map_err(anyhow::Error::from)??,
        never = keep_the_log(&app, &actor, common, &silent) => match never {},
        never = work::work(&app, &actor, common, output) => match never {},
        never = work::mail(&app, &actor) => match never {},
        never = work::remind(&app, &actor) => match never {},
    }
    app.sequence(&actor).await?;
    app.close().await;
    Ok(())
}

/// Gives entries their place in the log, and lets checkpoints leave the building on the interval of the settings.
async fn keep_the_log(app: &App, actor: &Actor, common: &Common, output: &Output) -> Infallible {
    let settings = wiring::ledger_settings(common).unwrap_or_default();
    let publish_every = Duration::from_secs(u64::from(settings.publish_every_minutes.max(1)) * 60);
    let mut since_published = Duration::ZERO;
    loop {
        tokio::time::sleep(SEQUENCE_EVERY).await;
        if let Err(error) = app.sequence(actor).await {
            tracing::error!(%error, "entries get their place next time");
        }
        since_published += SEQUENCE_EVERY;
        if !settings.is_empty() && since_published >= publish_every {
            since_published = Duration::ZERO;
            if let Err(failure) = super::super::ledger::outside::after_work(app, actor, output).await {
                tracing::info!(?failure, "checkpoints are published next time");
            }
        }
    }
}

/// Returns how to serve, and the address that people use.
fn settings(url: Option<&str>, port: u16) -> Outcome<(Settings, String)> {
    let Some(url) = url else {
        return Ok((Settings::loopback(port), format!("http://127.0.0.1:{port}")));
    };
    let host = url.strip_prefix("https://").map(|host| host.trim_end_matches('/')).unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if host.is_empty() || !host.chars().all(is_plain) {
        return Err(Failure::input(format!(
            "{url:?} is not the address of a server by HTTPS without a path, such as https://tickmark.example.com"
        )));
    }
    Ok((Settings { hosts: vec![host.to_owned()], is_secure: true, port }, format!("https://{host}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_address_by_https_is_taken() {
        let (settings, address) = settings(Some("https://tickmark.example.com/"), 7474).expect("good");
        assert_eq!((settings.hosts, settings.is_secure), (vec!["tickmark.example.com".to_owned()], true));
        assert_eq!(address, "https://tickmark.example.com");
        for bad in
            ["http://tickmark.example.com", "tickmark.example.com", "https://", "https://a/b", "https://a b"]
        {
            assert!(super::settings(Some(bad), 7474).is_err(), "{bad}");
        }
    }
}
