//! `tickmark audit`: the trail of accounts and rights, from the machine.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use tickmark_app::identity::audit::{self, Filter, Format, Outcome as How, Row};
use tickmark_app::identity::{self, people};
use tickmark_app::{Actor, App};

use super::moment;
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark audit list
  tickmark audit list --event auth --outcome failed --from 2026-11-01
  tickmark audit list --actor ada@example.com --limit 20
  tickmark audit export --format csv --out trail.csv
  tickmark audit verify                            compare every row with its entry of the ledger";

/// `tickmark audit`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List events, newest first.
    List {
        #[command(flatten)]
        which: Which,
        /// Most events.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Write events out, oldest first. That is an event itself.
    Export {
        #[command(flatten)]
        which: Which,
        /// How.
        #[arg(long, value_enum, default_value_t = Written::Jsonl)]
        format: Written,
        /// Into this file, which must not be there; to standard output otherwise.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Compare every row with its entry of the ledger.
    Verify,
}

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Written {
    /// Comma-separated values.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// Which events.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Of whom: a member's e-mail address, or an id.
    #[arg(long, value_name = "WHO")]
    pub(crate) actor: Option<String>,
    /// What happened: `auth.login`, or `auth` for all that begin so.
    #[arg(long, value_name = "WORD")]
    pub(crate) event: Option<String>,
    /// How it went: done, denied, failed.
    #[arg(long, value_name = "WORD")]
    pub(crate) outcome: Option<String>,
    /// Id of what it happened to.
    #[arg(long, value_name = "ID")]
    pub(crate) object: Option<String>,
    /// Id of the request.
    #[arg(long, value_name = "ID")]
    pub(crate) request: Option<String>,
    /// From this day or moment on.
    #[arg(long, value_name = "WHEN")]
    pub(crate) from: Option<String>,
    /// Before this day or moment.
    #[arg(long, value_name = "WHEN")]
    pub(crate) to: Option<String>,
}

/// Runs `tickmark audit …`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::List { which, limit } => list(which, *limit, common, output).await,
        Command::Export { which, format, out } => export(which, *format, out.as_ref(), common, output).await,
        Command::Verify => verify(common, output).await,
    }
}

async fn filter(which: &Which, app: &App, actor: &Actor) -> Outcome<Filter> {
    let how = |word: &String| {
        let found = How::ALL.into_iter().find(|one| one.word() == word);
        found.ok_or_else(|| Failure::input(format!("the outcome is done, denied or failed, not {word:?}")))
    };
    if let Some(event) = which.event.as_ref().filter(|event| audit::Name::named(event).is_empty()) {
        return Err(Failure::input(format!("no event is called {event:?}, nor begins so")));
    }
    let who = match &which.actor {
        None => None,
        Some(text) => match text.parse() {
            Ok(id) => Some(id),
            Err(_) => {
                let all = app.read(actor, async |view| people::members(view).await).await?;
                let email = text.to_lowercase();
                let found = all.into_iter().find(|member| member.email == email);
                Some(
                    found.ok_or_else(|| Failure::input(format!("nobody here has the address {text}")))?.actor,
                )
            }
        },
    };
    Ok(Filter {
        actor: who,
        event: which.event.clone(),
        outcome: which.outcome.as_ref().map(how).transpose()?,
        object: which.object.clone(),
        request: which.request.clone(),
        from: which.from.as_deref().map(moment).transpose()?,
        to: which.to.as_deref().map(moment).transpose()?,
        before: None,
        after: None,
    })
}

async fn list(which: &Which, limit: u32, common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let mut filter = filter(which, &app, &actor).await?;
    let mut rows: Vec<Row> = Vec::new();
    while rows.len() < limit as usize {
        let wanted = u32::try_from(limit as usize - rows.len()).unwrap_or(limit);
        let page = app.read(&actor, async |view| audit::search(view, &filter, wanted).await).await?;
        let Some(last) = page.last() else { break };
        filter.before = Some(last.number);
        rows.extend(page);
    }
    let mut names = BTreeMap::new();
    for row in &rows {
        if let std::collections::btree_map::Entry::Vacant(place) = names.entry(row.actor) {
            let found = app.read(&actor, async |view| identity::actor(view, row.actor).await).await;
            place.insert(found.map(|actor| actor.label).unwrap_or_default());
        }
    }
    app.close().await;
    let document: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "number": row.number, "at": row.at, "actor": row.actor, "actor_name": names[&row.actor],
                "event": row.event, "outcome": row.outcome, "object_kind": row.object_kind,
                "object": row.object, "reason": row.reason, "why": row.why, "request": row.request,
                "session": row.session, "entry": row.leaf,
            })
        })
        .collect();
    output.answer(&document, |output| {
        if rows.is_empty() {
            output.line("no event matches");
            return;
        }
        output.table(
            ["No.", "When", "Who", "What", "About", "Outcome"],
            rows.iter().map(|row| {
                let outcome = [row.outcome.as_str(), row.reason.as_str()].join(" ");
                [
                    row.number.to_string(),
                    row.at.minute(),
                    names[&row.actor].clone(),
                    row.event.clone(),
                    format!("{} {}", row.object_kind, row.object),
                    outcome.trim_end().to_owned(),
                ]
            }),
        );
    })?;
    Ok(())
}

async fn export(
    which: &Which,
    format: Written,
    out: Option<&PathBuf>,
    common: &Common,
    output: &Output,
) -> Outcome {
    let format = match format {
        Written::Csv => Format::Csv,
        Written::Jsonl => Format::JsonLines,
    };
    wiring::inspect(common).await?.close().await;
    let app = wiring::open(common).await?;
    let actor = wiring::reader(&app).await?;
    let mut filter = filter(which, &app, &actor).await?;
    let mut to: Box<dyn std::io::Write + Send> = match out {
        Some(path) => Box::new(
            std::fs::File::create_new(path)
                .map_err(|error| Failure::input(format!("{} cannot be made: {error}", path.display())))?,
        ),
        None => Box::new(std::io::stdout()),
    };
    let end = app.transact(&actor, async |cx| audit::begin_export(cx, &filter, format).await).await?;
    filter.before = Some(end);
    to.write_all(format.head().as_bytes())?;
    let (mut names, mut count) = (BTreeMap::new(), 0);
    loop {
        let (text, next) = app
            .read(&actor, async |view| audit::export_page(view, &filter, format, &mut names).await)
            .await?;
        count += text.lines().count();
        to.write_all(text.as_bytes())?;
        match next {
            Some(after) => filter.after = Some(after),
            None => break,
        }
    }
    to.flush()?;
    drop(to);
    app.sequence(&actor).await?;
    app.close().await;
    if let Some(path) = out {
        output.note(format!("{count} lines in {}", path.display()));
    }
    Ok(())
}

async fn verify(common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let found = audit::verify(&app, &actor).await?;
    app.close().await;
    let breaks: Vec<_> = found
        .breaks
        .iter()
        .map(|one| json!({"number": one.number, "entry": one.index, "what": one.what}))
        .collect();
    let document = json!({
        "rows": found.rows, "entries": found.entries, "waiting": found.waiting, "erased": found.erased,
        "agrees": found.breaks.is_empty(), "breaks": breaks,
    });
    output.answer(&document, |output| {
        output.line(format!(
            "{} rows, {} entries of the ledger, {} wait for their place, {} reasons were erased",
            found.rows, found.entries, found.waiting, found.erased
        ));
        for one in &found.breaks {
            let number = one.number.map_or("a row".to_owned(), |number| format!("row {number}"));
            let entry = one.index.map_or(String::new(), |index| format!(", entry {index}"));
            output.line(format!("  {number}{entry}: {}", one.what));
        }
    })?;
    if found.breaks.is_empty() {
        output.note("every row says what the ledger says");
        return Ok(());
    }
    Err(Failure::No)
}
