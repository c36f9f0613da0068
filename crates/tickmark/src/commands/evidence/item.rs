//! `tickmark evidence item`: what people hand in, from the command line.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use tickmark_app::evidence::item::{self, NewItem, Upload};
use tickmark_core::control::ControlId;
use tickmark_core::evidence::item::{Covers, Description, Found, Item, Kind, Method, Sensitivity, day};
use tickmark_core::id::ItemKey;

use super::{finish, open_as};
use crate::cli::Common;
use crate::commands::evidence_file;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::wiring;

/// `tickmark evidence item`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Hand files in as an item of evidence.
    Add(Box<Add>),
    /// List items, newest first.
    List,
    /// Show one item.
    Show {
        /// Its number.
        item: i64,
    },
    /// Accept an item as it is. Not by whoever worked on it.
    Accept {
        /// Its number.
        item: i64,
        /// Who decides: a person's name.
        #[arg(long)]
        by: String,
    },
}

/// `tickmark evidence item add`
#[derive(Debug, Args)]
pub(crate) struct Add {
    /// Files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What it shows, in one line.
    #[arg(long)]
    title: String,
    /// Which system it comes from, and where in it.
    #[arg(long)]
    source: String,
    /// First day that it is about.
    #[arg(long, value_name = "DATE")]
    from: String,
    /// Last day that it is about; the first one when left out.
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// Day on which it was collected; today when left out.
    #[arg(long, value_name = "DATE")]
    collected: Option<String>,
    /// Control that it serves; may be given again.
    #[arg(long, value_name = "ID")]
    control: Vec<String>,
    /// Screenshot, export, configuration, document, record, message or photo.
    #[arg(long, default_value = "export")]
    kind: String,
    /// Public, internal, confidential or restricted.
    #[arg(long, default_value = "internal")]
    sensitivity: String,
    /// Who hands it in: a person's name.
    #[arg(long)]
    by: String,
    /// Keep it as a draft.
    #[arg(long)]
    draft: bool,
}

/// Runs `tickmark evidence item`.
pub(super) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::Add(options) => add(options, common, output).await,
        Command::List => list(common, output).await,
        Command::Show { item } => show(ItemKey(*item), common, output).await,
        Command::Accept { item, by } => accept(ItemKey(*item), by, common, output).await,
    }
}

fn described(item: &Item) -> serde_json::Value {
    json!({
        "item": item.key, "state": item.state, "version": item.version.number, "controls": item.controls,
        "description": item.version.description, "files": item.version.files, "retention": item.retention,
        "made_at": item.made_at,
    })
}

fn word<T>(found: Option<T>, what: &str, word: &str) -> Outcome<T> {
    found.ok_or_else(|| Failure::input(format!("{word:?} is no {what}")))
}

async fn add(options: &Add, common: &Common, output: &Output) -> Outcome {
    let to = options.to.as_ref().unwrap_or(&options.from);
    let covers = Covers::days(&options.from, to).map_err(Failure::input)?;
    let collected = options.collected.as_deref().map(day).transpose().map_err(Failure::input)?;
    let controls: BTreeSet<ControlId> =
        options.control.iter().map(|id| id.parse()).collect::<Result<_, _>>().map_err(Failure::input)?;
    let kind = word(Kind::from_word(&options.kind), "kind of evidence", &options.kind)?;
    let sensitivity =
        word(Sensitivity::from_word(&options.sensitivity), "sensitivity", &options.sensitivity)?;
    let files: Vec<Upload> = options
        .files
        .iter()
        .map(|path| evidence_file(path).map(|file| Upload { name: file.name, bytes: file.bytes }))
        .collect::<Outcome<_>>()?;
    let (app, person) = open_as(&options.by, common).await?;
    let added = app
        .transact(&person, async |cx| {
            let new = NewItem {
                once: cx.new_id().to_string(),
                description: Description {
                    title: options.title.trim().to_owned(),
                    kind,
                    source: options.source.trim().to_owned(),
                    method: Method::Exported,
                    steps: String::new(),
                    collected_by: options.by.clone(),
                    collected_at: Some(collected.unwrap_or_else(|| day(&cx.now.date()).unwrap_or(cx.now))),
                    covers: Some(covers),
                    sensitivity,
                    redaction: String::new(),
                },
                retention: item::RETENTION[0].to_owned(),
                controls,
                files,
            };
            let made = item::open(cx, new).await?;
            if options.draft { Ok(made) } else { item::submit(cx, made.key, made.revision).await }
        })
        .await;
    finish(app, &person).await?;
    let added = added?;
    output.answer(&described(&added), |output| {
        output.line(format!("evidence item {}: {}", added.key, added.state.title().to_lowercase()));
    })?;
    Ok(())
}

async fn list(common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let items = app.read(&actor, async |view| item::list(view).await).await?;
    app.close().await;
    let rows: Vec<_> = items.iter().map(described).collect();
    output.answer(&rows, |output| {
        output.table(
            ["Item", "State", "Covers to", "Controls", "Title"],
            items.iter().map(|item| {
                let controls: Vec<&str> = item.controls.iter().map(ControlId::as_str).collect();
                [
                    item.key.to_string(),
                    item.state.title().to_lowercase(),
                    item.version
                        .description
                        .covers
                        .map(|covers| covers.last_day().date())
                        .unwrap_or_default(),
                    controls.join(" "),
                    item.version.description.title.clone(),
                ]
            }),
        );
    })?;
    Ok(())
}

async fn show(key: ItemKey, common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let whole = app.read(&actor, async |view| item::whole(view, key).await).await?;
    app.close().await;
    let item = &whole.item;
    let looked: Vec<_> = whole
        .quality
        .iter()
        .map(|(quality, found)| match found {
            Found::Good => json!({"looked_at": quality.title(), "found": "good"}),
            Found::Look(says) => json!({"looked_at": quality.title(), "found": "look", "says": says}),
            Found::Missing(says) => json!({"looked_at": quality.title(), "found": "missing", "says": says}),
        })
        .collect();
    let mut answer = described(item);
    answer["quality"] = looked.into();
    output.answer(&answer, |output| {
        let said = &item.version.description;
        output.line(format!(
            "{}  {}, version {}",
            said.title,
            item.state.title().to_lowercase(),
            item.version.number
        ));
        output.line(format!("source: {}", said.source));
        for file in &item.version.files {
            output.line(format!("artifact {}  {}  {} bytes", file.artifact, file.name, file.size));
        }
        for (quality, found) in &whole.quality {
            if let Found::Look(says) | Found::Missing(says) = found {
                output.line(format!("{}: {says}", quality.title()));
            }
        }
    })?;
    Ok(())
}

async fn accept(key: ItemKey, by: &str, common: &Common, output: &Output) -> Outcome {
    let (app, person) = open_as(by, common).await?;
    let accepted = app
        .transact(&person, async |cx| {
            let item = item::find(cx, key).await?;
            item::accept(cx, key, item.revision, "").await
        })
        .await;
    finish(app, &person).await?;
    let accepted = accepted?;
    output.answer(&described(&accepted), |output| {
        output.line(format!("evidence item {key}: accepted by {by}"))
    })?;
    Ok(())
}
