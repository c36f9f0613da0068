//! `tickmark access`: lists of who holds which right in one system at one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use tickmark_app::identity;
use tickmark_app::program::access::{self, NewList};
use tickmark_app::program::population::List;
use tickmark_core::id::SystemId;
use tickmark_core::program::access::{
    AccessList, Columns, Exclusion, FIELDS, Holding, LastUse, ListKey, Place, fold,
};
use tickmark_core::program::population::Ipe;
use tickmark_core::zone::Zone;

use super::assess::person;
use super::{evidence_file, moment, readable_list};
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark access import aws.csv --system \"AWS production\" --accounts 42 --rows 118 --source \"IAM console\" \\
      --query \"all users and roles with their policies\" --run-by \"Ada Byron\" --exclude \"root: sealed\"
  tickmark access import okta.xlsx --system Okta --accounts 65 --rows 65 --source Okta --query \"all users\" \\
      --run-by \"Ada Byron\" --column account=Login --column entitlement=Group --time-zone Europe/Berlin
  tickmark access own                                   the accounts of this program itself
  tickmark access list
  tickmark access show AL-3
  tickmark access show AL-3 --json > rights.json
  tickmark access place \"AWS production\" --in \"Payroll\" --by \"Ada Byron\"

A list is CSV, XLSX (its first sheet) or JSON with the columns account,entitlement and, where they are known,
person,kind,tier,last_used,mfa,manager,owner,status,given,job:
  account,entitlement,person,kind,tier,last_used,mfa,status
  ada,deploy,ada@example.com,human,1,2026-11-01,yes,active";

/// `tickmark access`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the lists, newest first.
    List {
        /// Only those of this system.
        system: Option<String>,
    },
    /// Hand in a list: all of it or nothing.
    Import(Box<AccessImport>),
    /// List the accounts of this program itself, and hand that in: it is a system whose access is reviewed, too.
    Own,
    /// Show a list: what ties it to its source, and its rights.
    Show {
        /// The list, as AL-3.
        list: String,
    },
    /// Say which systems that reports are about a system of lists belongs to: their auditors see its lists.
    Place {
        /// The system, as its lists call it.
        system: String,
        /// Name of a system that reports are about; may be given again. Without one it belongs to none.
        #[arg(long = "in", value_name = "NAME")]
        within: Vec<String>,
        /// Who says so: a person's name.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
}

/// `tickmark access import`
#[derive(Debug, Args)]
pub(crate) struct AccessImport {
    /// The list.
    file: PathBuf,
    /// The system, as reviews call it.
    #[arg(long, value_name = "NAME")]
    system: String,
    /// Accounts, as the source counts them.
    #[arg(long, value_name = "COUNT")]
    accounts: u64,
    /// Rows, as the source counts them.
    #[arg(long, value_name = "COUNT")]
    rows: u64,
    /// An account that the list leaves out, as `account: reason`; may be given again.
    #[arg(long, value_name = "TEXT")]
    exclude: Vec<String>,
    /// System of record the list comes from.
    #[arg(long, value_name = "NAME")]
    source: String,
    /// Report name, or the exact query.
    #[arg(long, value_name = "TEXT")]
    query: String,
    /// Parameters and filters.
    #[arg(long, default_value = "", value_name = "TEXT")]
    parameters: String,
    /// A column that is called otherwise, as `account=Login`; may be given again.
    #[arg(long, value_name = "PAIR")]
    column: Vec<String>,
    /// Time zone of the list.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    time_zone: Zone,
    /// Who ran it.
    #[arg(long, value_name = "NAME")]
    run_by: String,
    /// When it was run: a day or a moment; now when left out.
    #[arg(long, value_name = "WHEN")]
    run_at: Option<String>,
    /// How completeness was checked.
    #[arg(long, default_value = "", value_name = "TEXT")]
    completeness: String,
    /// How accuracy was checked.
    #[arg(long, default_value = "", value_name = "TEXT")]
    accuracy: String,
}

/// Runs `tickmark access`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::List { system } => list(system.as_deref(), common, output).await,
        Command::Import(options) => import(options, common, output).await,
        Command::Own => own(common, output).await,
        Command::Show { list } => show(list, common, output).await,
        Command::Place { system, within, by } => place(system, within, by, common, output).await,
    }
}

fn tie(list: &AccessList, output: &Output) -> String {
    if list.is_complete() {
        output.tone(Tone::Good, "ties out")
    } else {
        output.tone(Tone::Bad, "does not tie out")
    }
}

async fn list(system: Option<&str>, common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let read = app
        .read(&actor, async |view| {
            Ok((access::lists(view).await?, access::places(view).await?, identity::systems(view).await?))
        })
        .await;
    app.close().await;
    let (mut lists, places, systems) = read?;
    lists.retain(|list| system.is_none_or(|name| fold(name) == fold(&list.system)));
    let belongs = |list: &AccessList| match places.get(&fold(&list.system)) {
        None => "not said".to_owned(),
        Some(place) => names(place, &systems),
    };
    let answer: Vec<_> = lists
        .iter()
        .map(|list| json!({"list": list, "ties_out": list.is_complete(), "place": places.get(&fold(&list.system))}))
        .collect();
    output.answer(&answer, |output| {
        if lists.is_empty() {
            output.line("there is no list of access; `tickmark access import` hands one in");
            return;
        }
        output.table(
            ["List", "System", "Taken", "Accounts", "Rights", "Tie-out", "Belongs to"],
            lists.iter().map(|list| {
                [
                    list.key.to_string(),
                    list.system.clone(),
                    list.ipe.run_at.to_string(),
                    list.tie_out.listed.to_string(),
                    list.tie_out.rows.to_string(),
                    tie(list, output),
                    belongs(list),
                ]
            }),
        );
    })?;
    Ok(())
}

fn names(place: &Place, systems: &[identity::System]) -> String {
    let named = systems.iter().filter(|system| place.systems.contains(&system.id));
    let named: Vec<&str> = named.map(|system| system.name.as_str()).collect();
    if named.is_empty() { "none".to_owned() } else { named.join(", ") }
}

/// Reads `what=that`.
fn pair(text: &str) -> Outcome<(String, String)> {
    let (what, that) = text
        .split_once('=')
        .ok_or_else(|| Failure::input(format!("{text:?} is not of the form field=column")))?;
    if FIELDS.iter().all(|field| field.name != what.trim()) {
        let known: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
        return Err(Failure::input(format!("{what:?} is none of {}", known.join(", "))));
    }
    Ok((what.trim().to_owned(), that.trim().to_owned()))
}

/// Reads `account: reason`.
fn exclusion(text: &str) -> Outcome<Exclusion> {
    match text.split_once(':') {
        Some((account, reason)) if !account.trim().is_empty() && !reason.trim().is_empty() => {
            Ok(Exclusion { account: account.trim().to_owned(), reason: reason.trim().to_owned() })
        }
        _ => Err(Failure::input(format!("{text:?} is not of the form account: reason"))),
    }
}

async fn import(options: &AccessImport, common: &Common, output: &Output) -> Outcome {
    let file = evidence_file(&options.file)?;
    let named = options.column.iter().map(|text| pair(text)).collect::<Outcome<BTreeMap<_, _>>>()?;
    let columns = Columns { named, ..Columns::default() };
    let exclusions = options.exclude.iter().map(|text| exclusion(text)).collect::<Outcome<Vec<_>>>()?;
    let run_at = options.run_at.as_deref().map(moment).transpose()?;
    let app = wiring::open(common).await?;
    let program = wiring::reader(&app).await?;
    let ipe = Ipe {
        source: options.source.clone(),
        query: options.query.clone(),
        parameters: options.parameters.clone(),
        time_zone: options.time_zone.name().to_owned(),
        run_by: options.run_by.clone(),
        run_at: run_at.unwrap_or_else(|| app.now()),
        row_count: options.rows,
        control_total: String::new(),
        completeness: options.completeness.clone(),
        accuracy: options.accuracy.clone(),
    };
    let read = |list: &List| access::read(list, &columns, &ipe);
    let list = readable_list(file, ("handed in", "kept"), &app, output, read).await?;
    let new = NewList {
        system: options.system.clone(),
        ipe,
        columns,
        accounts_in_source: options.accounts,
        exclusions,
        list,
    };
    let kept = app.transact(&program, async |cx| access::hand_in(cx, new).await).await;
    app.sequence(&program).await?;
    app.close().await;
    say(&kept?, output)
}

async fn own(common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let program = wiring::reader(&app).await?;
    let kept = app.transact(&program, async |cx| access::hand_in_own(cx).await).await;
    app.sequence(&program).await?;
    app.close().await;
    say(&kept?, output)
}

/// Says what was kept.
fn say(kept: &AccessList, output: &Output) -> Outcome {
    output.answer(&json!({"list": kept, "ties_out": kept.is_complete()}), |output| {
        output.line(format!("{} of {}: {}; {}", kept.key, kept.system, tie(kept, output), kept.tie_out));
    })?;
    if !kept.is_complete() {
        output.note("it is kept and says so; no review freezes it and nothing it lacks counts as gone");
    }
    Ok(())
}

/// Reads the number of a list.
fn key(text: &str) -> Outcome<ListKey> {
    access::parse(text).ok_or_else(|| Failure::input(format!("{text:?} is no list of access, as AL-1 is")))
}

async fn show(text: &str, common: &Common, output: &Output) -> Outcome {
    let key = key(text)?;
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let read = app
        .read(&actor, async |view| Ok((access::find(view, key).await?, access::holdings(view, key).await?)))
        .await;
    app.close().await;
    let (list, rows) = read?;
    let answer = json!({"list": list, "ties_out": list.is_complete(), "rights": rows});
    output.answer(&answer, |output| {
        output.line(format!(
            "{} of {}, taken {}: {}",
            list.key,
            list.system,
            list.ipe.run_at,
            tie(&list, output)
        ));
        output.line(format!("{} \u{2014} {}", list.ipe.source, list.ipe.query));
        output.line(list.tie_out.to_string());
        for one in &list.exclusions {
            output.line(format!("left out: {}: {}", one.account, one.reason));
        }
        output.table(
            ["Account", "Right", "Whose", "Kind", "Tier", "Last use", "MFA", "Status"],
            rows.iter().map(cells),
        );
    })?;
    Ok(())
}

fn cells(row: &Holding) -> [String; 8] {
    let last_used = match row.last_used {
        LastUse::Unknown => "unknown".to_owned(),
        LastUse::Never => "never".to_owned(),
        LastUse::At(at) => at.date(),
    };
    [
        row.account.clone(),
        row.entitlement.clone().unwrap_or_else(|| "unknown".to_owned()),
        row.person.clone().or_else(|| row.owner.clone()).unwrap_or_else(|| "nobody known".to_owned()),
        row.kind.word().to_owned(),
        row.tier.word().to_owned(),
        last_used,
        row.mfa.word().to_owned(),
        row.employment.word().to_owned(),
    ]
}

async fn place(system: &str, within: &[String], by: &str, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let person = person(&app, by).await?;
    let systems = app.read(&person, async |view| identity::systems(view).await).await?;
    let find = |name: &String| -> Outcome<SystemId> {
        let found = systems.iter().find(|one| fold(&one.name) == fold(name));
        let known: Vec<&str> = systems.iter().map(|one| one.name.as_str()).collect();
        let none = || Failure::input(format!("there is no system {name:?}; there are {}", known.join(", ")));
        found.map(|one| one.id).ok_or_else(none)
    };
    let ids = within.iter().map(find).collect::<Outcome<BTreeSet<SystemId>>>()?;
    let placed = app.transact(&person, async |cx| access::place(cx, system, ids).await).await;
    app.sequence(&person).await?;
    app.close().await;
    let placed = placed?;
    output.answer(&placed, |output| {
        output.line(format!("{} belongs to {}", placed.name, names(&placed, &systems)));
    })?;
    Ok(())
}
