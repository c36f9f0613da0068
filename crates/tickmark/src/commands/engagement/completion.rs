//! What completes an engagement: events, letters, the report as it was received.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;
use tickmark_app::engagement::{self, Completed, CompletionVersion, Receiving};
use tickmark_app::{Actor, App};
use tickmark_core::Digest;
use tickmark_core::conclusion::scope::Day;
use tickmark_core::engagement::completion::{BridgeItem, BridgeLetter, Completion, Letter, represented};
use tickmark_core::engagement::fieldwork::check_pdf;
use tickmark_core::engagement::{EngagementKey, Step};

use crate::cli::Common;
use crate::commands::assess::person;
use crate::commands::catalog;
use crate::commands::report::GENERATOR;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::wiring;

/// What completes an engagement.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say which date the auditor's report will have; the representation letter is dated as of it.
    ReportDate {
        /// Engagement.
        engagement: String,
        /// The day, e.g. `2027-03-01`.
        day: Day,
        /// Who says so.
        #[arg(long)]
        by: String,
    },
    /// List subsequent events, and who confirmed that the list is whole.
    Events {
        /// Engagement.
        engagement: String,
    },
    /// Enter a subsequent event from a file, or write one anew. The file has `day`, `kind` (incident, change, ownership,
    /// vendor, fraud, legal, other), `what`, `effect`, `decided` (undecided, described, other_information, told_auditor,
    /// no_effect) and `reason`.
    Event {
        /// Engagement.
        engagement: String,
        /// The event as TOML.
        file: PathBuf,
        /// Number of the event to write anew.
        #[arg(long)]
        number: Option<u32>,
        /// Who tells of it.
        #[arg(long)]
        by: String,
    },
    /// Enter a fact that became known after the date of the report from a file, or write one anew. The file has `day`, `what`,
    /// `effect`, and once the auditor was told and decided, `told`, `follows` (undecided, revised, readers_told, stands) and
    /// `reason`.
    Fact {
        /// Engagement.
        engagement: String,
        /// The fact as TOML.
        file: PathBuf,
        /// Number of the fact to write anew.
        #[arg(long)]
        number: Option<u32>,
        /// Who tells of it.
        #[arg(long)]
        by: String,
    },
    /// State that the register of subsequent events is whole up to a day, or that none is known.
    ConfirmEvents {
        /// Engagement.
        engagement: String,
        /// Last day.
        #[arg(long)]
        until: Day,
        /// Who states it for management.
        #[arg(long)]
        by: String,
    },
    /// Write the representation letter: from a file, or as a draft made from the records. It goes to the auditor only.
    Representation {
        /// Engagement.
        engagement: String,
        /// Its text.
        #[arg(long, value_name = "FILE", conflicts_with = "draft", required_unless_present = "draft")]
        file: Option<PathBuf>,
        /// Draft it from scope and events.
        #[arg(long)]
        draft: bool,
        /// Who will sign for management.
        #[arg(long, value_name = "NAME")]
        signatory: String,
        /// As what.
        #[arg(long)]
        title: String,
        /// Who writes it.
        #[arg(long)]
        by: String,
    },
    /// Record the report that the auditor gave to management: its date, and its file byte for byte. The engagement is frozen
    /// with it.
    Received {
        /// Engagement.
        engagement: String,
        /// The signed file.
        file: PathBuf,
        /// Date of the report.
        #[arg(long)]
        dated: Day,
        /// Firm that signed; that of the scope when left out.
        #[arg(long)]
        firm: Option<String>,
        /// Who records it.
        #[arg(long)]
        by: String,
    },
    /// Write a bridge letter: management's statement about the time after the period. What the registers hold is named.
    Bridge {
        /// Engagement.
        engagement: String,
        /// Last day that it is about: at most three months after the period.
        #[arg(long)]
        to: Day,
        /// Number of the letter to write anew.
        #[arg(long)]
        number: Option<u32>,
        /// Leave out what the registers hold, as not material: `REFERENCE=REASON`.
        #[arg(long, value_name = "REF=WHY")]
        leave_out: Vec<String>,
        /// Further changes.
        #[arg(long, default_value = "")]
        changes: String,
        /// Further incidents.
        #[arg(long, default_value = "")]
        incidents: String,
        /// When the next period begins, or the next report is expected.
        #[arg(long, default_value = "")]
        next: String,
        /// Who will sign for management.
        #[arg(long, value_name = "NAME")]
        signatory: String,
        /// As what.
        #[arg(long)]
        title: String,
        /// Who writes it.
        #[arg(long)]
        by: String,
    },
}

/// Runs one.
pub(super) async fn run(app: &App, command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::ReportDate { engagement, day, by } => {
            date(app, super::key(engagement)?, *day, by, output).await
        }
        Command::Events { engagement } => events(app, super::key(engagement)?, output).await,
        Command::Event { engagement, file, number, by } => {
            event(app, super::key(engagement)?, *number, file, by, output).await
        }
        Command::Fact { engagement, file, number, by } => {
            fact(app, super::key(engagement)?, *number, file, by, output).await
        }
        Command::ConfirmEvents { engagement, until, by } => {
            confirm(app, super::key(engagement)?, *until, by, output).await
        }
        Command::Representation { engagement, file, signatory, title, by, .. } => {
            represent(app, super::key(engagement)?, file.as_deref(), (signatory, title, by), output).await
        }
        Command::Received { engagement, file, dated, firm, by } => {
            received((app, common), super::key(engagement)?, file, (firm.as_deref(), *dated, by), output)
                .await
        }
        Command::Bridge {
            engagement,
            to,
            number,
            leave_out,
            changes,
            incidents,
            next,
            signatory,
            title,
            by,
        } => {
            let typed = BridgeTyped {
                number: *number,
                to: *to,
                leave_out,
                changes,
                incidents,
                next,
                signatory,
                title,
                by,
            };
            bridge(app, super::key(engagement)?, &typed, common, output).await
        }
    }
}

/// Largest file of a report, in bytes.
const REPORT_MAX_BYTES: u64 = 200 << 20;

async fn find(app: &App, key: EngagementKey) -> Outcome<(CompletionVersion, Actor)> {
    let reader = wiring::reader(app).await?;
    let version = app.read(&reader, async |view| engagement::completion(view, key).await).await?;
    Ok((version, reader))
}

fn whole(completed: Completed) -> Outcome<Completion> {
    match completed {
        Completed::Done(record) => Ok(*record),
        Completed::Stale(_) => Err(Failure::input("somebody else changed it meanwhile; look again")),
    }
}

fn say(output: &Output, record: &Completion, line: &str) -> Outcome {
    output.answer(&json!(record), |output| output.line(line))?;
    Ok(())
}

/// Says which date the report will have.
async fn date(app: &App, key: EngagementKey, day: Day, by: &str, output: &Output) -> Outcome {
    let by = person(app, by).await?;
    let from = find(app, key).await?.0.number;
    let done = app.transact(&by, async |cx| engagement::date_report(cx, key, from, day).await).await?;
    say(output, &whole(done)?, &format!("{key}: the report will be dated {day}"))
}

/// Prints the register of subsequent events.
async fn events(app: &App, key: EngagementKey, output: &Output) -> Outcome {
    let record = find(app, key).await?.0.record;
    output.answer(&json!({ "events": record.events(), "confirmed": record.confirmed() }), |output| {
        if record.events().is_empty() {
            output.line("No subsequent event is known.");
        }
        for event in record.events() {
            let told = &event.told;
            output.line(format!("{:>3}  {}  {}", event.number, told.day, told.what));
            output.line(format!("     {}; {}", told.kind.title(), told.decided.title()));
        }
        match record.confirmed() {
            Some(confirmed) => output.line(format!("Confirmed as whole up to {}.", confirmed.until)),
            None => output.line("Nobody has confirmed that it is whole as it stands."),
        }
    })?;
    Ok(())
}

/// Enters an event, or writes one anew.
async fn event(
    app: &App,
    key: EngagementKey,
    number: Option<u32>,
    file: &Path,
    by: &str,
    output: &Output,
) -> Outcome {
    let told = super::read(file)?;
    let by = person(app, by).await?;
    let from = find(app, key).await?.0.number;
    let done =
        app.transact(&by, async |cx| engagement::tell_event(cx, key, from, number, told).await).await?;
    let record = whole(done)?;
    let number = number.or(record.events().last().map(|event| event.number)).unwrap_or_default();
    say(output, &record, &format!("{key}: event {number} is in the register"))
}

/// Enters a fact that became known after the report, or writes one anew.
async fn fact(
    app: &App,
    key: EngagementKey,
    number: Option<u32>,
    file: &Path,
    by: &str,
    output: &Output,
) -> Outcome {
    let learned = super::read(file)?;
    let by = person(app, by).await?;
    let from = find(app, key).await?.0.number;
    let done =
        app.transact(&by, async |cx| engagement::learn_fact(cx, key, from, number, learned).await).await?;
    let record = whole(done)?;
    let number = number.or(record.facts().last().map(|fact| fact.number)).unwrap_or_default();
    say(output, &record, &format!("{key}: fact {number} is in the register"))
}

/// States that the register is whole.
async fn confirm(app: &App, key: EngagementKey, until: Day, by: &str, output: &Output) -> Outcome {
    let by = person(app, by).await?;
    let from = find(app, key).await?.0.number;
    let done = app.transact(&by, async |cx| engagement::confirm_events(cx, key, from, until).await).await?;
    let record = whole(done)?;
    let known = match record.events().len() {
        0 => "none is known".to_owned(),
        1 => "1 is known".to_owned(),
        more => format!("{more} are known"),
    };
    say(output, &record, &format!("{key}: subsequent events up to {until} are confirmed; {known}"))
}

/// Writes the representation letter from a file or as a draft.
async fn represent(
    app: &App,
    key: EngagementKey,
    file: Option<&Path>,
    (signatory, title, by): (&str, &str, &str),
    output: &Output,
) -> Outcome {
    let (version, reader) = find(app, key).await?;
    let engagement = super::find(app, key).await?.0.record;
    let scope = engagement.holds();
    let text = match file {
        Some(file) => super::read_text(file)?,
        None => represented(scope, &reader.organization.name, &version.record),
    };
    let letter =
        Letter { to: scope.firm.clone(), text, signatory: signatory.to_owned(), title: title.to_owned() };
    let by = person(app, by).await?;
    let done =
        app.transact(&by, async |cx| engagement::represent(cx, key, version.number, letter).await).await?;
    say(output, &whole(done)?, &format!("{key}: the representation letter is written"))
}

/// Signs the representation letter.
pub(super) async fn sign_representation(
    app: &App,
    key: EngagementKey,
    step: Step,
    by: &str,
    output: &Output,
) -> Outcome {
    let by = person(app, by).await?;
    let from = find(app, key).await?.0.number;
    let done =
        app.transact(&by, async |cx| engagement::sign_representation(cx, key, from, step).await).await?;
    say(
        output,
        &whole(done)?,
        &format!("{key}: the representation letter: {} done", step.title().to_lowercase()),
    )
}

/// Records the report that the auditor gave to management: its date, and its file byte for byte.
async fn received(
    (app, common): (&App, &Common),
    key: EngagementKey,
    file: &Path,
    (firm, dated, by): (Option<&str>, Day, &str),
    output: &Output,
) -> Outcome {
    let size = std::fs::metadata(file)
        .map_err(|error| Failure::input(format!("{}: {error}", file.display())))?
        .len();
    if size == 0 || size > REPORT_MAX_BYTES {
        return Err(Failure::input(format!("{} has {size} bytes, which is no report", file.display())));
    }
    let bytes =
        std::fs::read(file).map_err(|error| Failure::input(format!("{}: {error}", file.display())))?;
    let digest = Digest::of(&bytes);
    let name = file
        .file_name()
        .map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned());
    let engagement = super::find(app, key).await?.0.record;
    let firm = firm.unwrap_or(&engagement.holds().firm).to_owned();
    let (catalog, by) = (catalog::load(&common.data)?, person(app, by).await?);
    let from = find(app, key).await?.0.number;
    // What is no whole PDF is recorded by its digest alone.
    let bytes = check_pdf(&bytes).is_ok().then(|| bytes.into());
    let is_kept = if bytes.is_some() { "and kept" } else { "by its digest alone, as it is no whole PDF" };
    let done = app
        .transact(&by, async |cx| {
            let receiving = Receiving { firm: firm.clone(), day: dated, file: name, digest, bytes };
            engagement::receive_report(cx, key, from, receiving, (&catalog, GENERATOR)).await
        })
        .await?;
    say(
        output,
        &whole(done)?,
        &format!("{key}: the report of {firm}, dated {dated}, is recorded, {is_kept} ({digest})"),
    )
}

/// What a bridge letter says, as it is typed.
struct BridgeTyped<'a> {
    number: Option<u32>,
    to: Day,
    leave_out: &'a [String],
    changes: &'a str,
    incidents: &'a str,
    next: &'a str,
    signatory: &'a str,
    title: &'a str,
    by: &'a str,
}

/// Writes a bridge letter.
async fn bridge(
    app: &App,
    key: EngagementKey,
    typed: &BridgeTyped<'_>,
    common: &Common,
    output: &Output,
) -> Outcome {
    let catalog = catalog::load(&common.data)?;
    let (version, reader) = find(app, key).await?;
    let basis = app.read(&reader, async |view| engagement::bridge_basis(view, key, &catalog).await).await?;
    let mut items: Vec<BridgeItem> = basis.items_until(typed.to);
    for left_out in typed.leave_out {
        let (reference, why) = left_out
            .split_once('=')
            .ok_or_else(|| Failure::input(format!("{left_out:?} is not REFERENCE=REASON")))?;
        let known: Vec<String> = items.iter().map(|item| item.reference.clone()).collect();
        let item = items.iter_mut().find(|item| item.reference == reference.trim()).ok_or_else(|| {
            Failure::input(format!(
                "the registers hold no {reference:?} there; they hold: {}",
                known.join("; ")
            ))
        })?;
        why.trim().clone_into(&mut item.left_out);
    }
    let letter = BridgeLetter {
        to: typed.to,
        items,
        changes: typed.changes.to_owned(),
        incidents: typed.incidents.to_owned(),
        next: typed.next.to_owned(),
        signatory: typed.signatory.to_owned(),
        title: typed.title.to_owned(),
    };
    let by = person(app, typed.by).await?;
    let done = app
        .transact(&by, async |cx| {
            engagement::write_bridge(cx, key, version.number, typed.number, letter, &catalog).await
        })
        .await?;
    let record = whole(done)?;
    let number = typed.number.or(record.bridges().last().map(|bridge| bridge.number)).unwrap_or_default();
    let written = &record.bridge_of(number).map_err(Failure::input)?.document.content;
    output.answer(&json!(record), |output| {
        output.line(format!("{key}: bridge letter {number} to {} is written", written.to));
        for item in &written.items {
            let sign = if item.left_out.is_empty() { "named" } else { "left out" };
            output.line(format!("  {sign:<8}  {}  {}", item.reference, item.says));
        }
    })?;
    Ok(())
}

/// Signs a bridge letter.
pub(super) async fn sign_bridge(
    app: &App,
    key: EngagementKey,
    number: u32,
    step: Step,
    by: &str,
    common: &Common,
    output: &Output,
) -> Outcome {
    let (catalog, by) = (catalog::load(&common.data)?, person(app, by).await?);
    let from = find(app, key).await?.0.number;
    let done = app
        .transact(&by, async |cx| engagement::sign_bridge(cx, key, from, number, step, &catalog).await)
        .await?;
    say(
        output,
        &whole(done)?,
        &format!("{key}: bridge letter {number}: {} done", step.title().to_lowercase()),
    )
}
