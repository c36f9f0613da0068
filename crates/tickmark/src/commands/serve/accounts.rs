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
    // Pages of the others are made from those of the first one.
    let everywhere = app.everywhere().await?;
    let Some(first) = everywhere.first().cloned() else {
        return Err(Failure::input("there is no organization here; `tickmark init` makes one".to_owned()));
    };
    let (pages, library) = pages(Arc::clone(&app), first, common.data.join("out"), (common, output))?;
    let state = WebState::with_accounts(Source::live(pages), settings, Arc::clone(&app), clock::now, random);
    state.assess_with(Arc::new(library), crate::commands::report::GENERATOR);
    state.set_with(Arc::new(Documents));
    say_where(&app, &everywhere, &address, output).await?;
    output.note("Ctrl-C stops.");
    let mut silent = output.clone();
    silent.quiet = true;
    let serving = answer(listener, tickmark_web::router(state));
    tokio::select! {
        served = serving => served.map_err(anyhow::Error::from)??,
        never = keep_the_log(&app, common, &silent) => match never {},
        never = work::work(&app, common, output) => match never {},
        never = work::mail(&app) => match never {},
        never = work::remind(&app) => match never {},
    }
    for actor in app.everywhere().await? {
        app.sequence(&actor).await?;
    }
    app.close().await;
    Ok(())
}

/// Says where people sign in, and where the first owner of each organization comes in that has none.
async fn say_where(app: &App, everywhere: &[Actor], address: &str, output: &Output) -> Outcome {
    let (mut has_owner, mut has_none) = (false, false);
    output.line("");
    for actor in everywhere {
        let Some(link) = app.transact(actor, async |cx| people::offer_set_up(cx).await).await? else {
            has_owner = true;
            continue;
        };
        has_none = true;
        let page = format!("{address}/join/{}", link.text());
        let whose =
            if everywhere.len() > 1 { format!(" {}", actor.organization.name) } else { String::new() };
        output.line(format!("Set up{whose}: {}", output.tone(Tone::Strong, page)));
    }
    if has_none {
        output.note(
            "Whoever opens it becomes the owner. It works once, for 30 minutes; starting again prints a new one.",
        );
    }
    if has_owner {
        output.line(format!("Sign in: {}", output.tone(Tone::Strong, format!("{address}/sign-in"))));
    }
    Ok(())
}

/// Gives entries their place in the log, and lets checkpoints leave the building on the interval of the settings.
async fn keep_the_log(app: &App, common: &Common, output: &Output) -> Infallible {
    let settings = wiring::ledger_settings(common).unwrap_or_default();
    let publish_every = Duration::from_secs(u64::from(settings.publish_every_minutes.max(1)) * 60);
    let mut since_published = Duration::ZERO;
    for actor in &work::everywhere(app).await {
        super::super::ledger::outside::keep_policy(app, actor, output).await;
    }
    loop {
        tokio::time::sleep(SEQUENCE_EVERY).await;
        let everywhere = work::everywhere(app).await;
        for actor in &everywhere {
            let kept = async {
                app.heartbeat(actor).await?;
                app.sequence(actor).await
            };
            if let Err(error) = kept.await {
                tracing::error!(%error, "entries get their place next time");
            }
        }
        since_published += SEQUENCE_EVERY;
        if !settings.is_empty() && since_published >= publish_every {
            since_published = Duration::ZERO;
            for actor in &everywhere {
                if let Err(failure) = super::super::ledger::outside::after_work(app, actor, output).await {
                    tracing::info!(?failure, "checkpoints are published next time");
                }
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
    Ok((
        Settings { hosts: vec![host.to_owned()], is_secure: true, ..Settings::loopback(port) },
        format!("https://{host}"),
    ))
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
