//! `tickmark catalog`: criteria, starter controls and mappings, with the changes in `DATA/catalog`.

use std::fs;
use std::path::Path;

use anyhow::Context;
use clap::Subcommand;
use tickmark_core::catalog::{Catalog, CatalogFiles};

use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark catalog show CC6.1
  tickmark catalog list --controls
  tickmark catalog stats
  tickmark catalog check                           with the changes in DATA/catalog";

/// `tickmark catalog`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Totals, reconciled.
    Stats,
    /// One criterion with points of focus, controls, mappings, requests.
    Show {
        /// Requirement id, e.g. `CC6.1`.
        id: String,
    },
    /// List the criteria, or starter controls with `--controls`.
    List {
        /// List starter controls instead.
        #[arg(long)]
        controls: bool,
    },
    /// Load and validate the catalog with the changes in `DATA/catalog`.
    Check,
}

/// Most files that are read from a folder of changes.
const MAX_FILES: usize = 2_000;
/// Largest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// Loads the catalog inside the program with the files in `DATA/catalog` laid over it.
pub(crate) fn load(data: &Path) -> Outcome<Catalog> {
    let folder = data.join("catalog");
    if !folder.is_dir() {
        return Ok(Catalog::builtin());
    }
    let overlay = read_folder(&folder)?;
    Catalog::load(&CatalogFiles::builtin(), &overlay).map_err(|error| {
        Failure::input(format!("the catalog with the changes in {} is not valid:\n{error}", folder.display()))
    })
}

fn read_folder(root: &Path) -> Outcome<CatalogFiles> {
    let mut files = CatalogFiles::default();
    let mut folders = vec![root.to_owned()];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            count += 1;
            let size = fs::metadata(&path).with_context(|| format!("reading {}", path.display()))?.len();
            if count > MAX_FILES || size > MAX_FILE_BYTES {
                let limits = format!("{MAX_FILES} files of {MAX_FILE_BYTES} bytes");
                return Err(Failure::input(format!(
                    "{} is more than a catalog may hold ({limits})",
                    path.display()
                )));
            }
            let text = fs::read_to_string(&path)
                .map_err(|error| Failure::input(format!("reading {}: {error}", path.display())))?;
            let relative = path.strip_prefix(root).expect("found below it");
            files.insert(relative.to_string_lossy(), text);
        }
    }
    Ok(files)
}

/// Runs `tickmark catalog`.
pub(crate) fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    let catalog = load(&common.data)?;
    match command {
        Command::Stats | Command::Check => stats(&catalog, output),
        Command::Show { id } => show(&catalog, id, output),
        Command::List { controls: true } => list_controls(&catalog, output),
        Command::List { controls: false } => list_requirements(&catalog, output),
    }
}

fn stats(catalog: &Catalog, output: &Output) -> Outcome {
    let stats = catalog.stats();
    output.answer(&stats, |output| {
        for framework in &stats.frameworks {
            output.line(output.tone(Tone::Strong, format!("{} ({})", framework.title, framework.edition)));
            output.line(format!(
                "  {} criteria, {} points of focus; {} criteria with a key starter control",
                framework.requirements, framework.points_of_focus, framework.requirements_with_key_control
            ));
            for (category, count) in &framework.categories {
                output.line(format!("  {category:<24} {:>3} criteria {:>4} points of focus", count.requirements, count.points_of_focus));
            }
        }
        let totals = &stats.totals;
        output.line(format!(
            "{} starter controls, {} SOC 1 objectives with {} controls, {} requests, {} mappings in {} crosswalks",
            totals.controls,
            totals.objectives,
            totals.objective_controls,
            totals.requests,
            totals.mappings,
            stats.crosswalks.len()
        ));
        output.line(output.tone(Tone::Good, "✓ totals reconcile and every reference resolves"));
    })?;
    Ok(())
}

fn show(catalog: &Catalog, id: &str, output: &Output) -> Outcome {
    let view = catalog.requirement(id).map_err(Failure::input)?;
    output.answer(&view, |output| {
        output.line(output.tone(Tone::Strong, format!("{}  {}", view.requirement.id, view.series_title)));
        output.line(format!("{}\n", view.requirement.text));
        output.line(output.tone(Tone::Muted, "Points of focus (guidance, never assessed)"));
        for point in &view.requirement.points_of_focus {
            output.line(format!("  {}  {}", point.id, point.label));
        }
        output.line(output.tone(Tone::Muted, "\nStarter controls (✓ proposed as key)"));
        for control in &view.controls {
            let key = if control.is_key { "✓" } else { " " };
            output.line(format!("  {key} {:<8} {}", control.id, control.title));
        }
        output.line(output.tone(Tone::Muted, "\nMappings"));
        for crosswalk in &view.crosswalks {
            let targets: Vec<&str> =
                crosswalk.mappings.iter().map(|mapping| mapping.target.as_str()).collect();
            output.line(format!("  {:<28} {}", crosswalk.title, targets.join(", ")));
        }
        output.line(output.tone(Tone::Muted, "\nRequests"));
        for request in &view.requests {
            output.line(format!("  {:>3}  {}", request.number, request.title));
        }
    })?;
    Ok(())
}

fn list_requirements(catalog: &Catalog, output: &Output) -> Outcome {
    let requirements: Vec<_> =
        catalog.frameworks.iter().flat_map(|framework| framework.requirements()).collect();
    output.answer(&requirements, |output| {
        output.table(
            ["Id", "Points", "In our words"],
            requirements.iter().map(|r| [r.id.clone(), r.points_of_focus.len().to_string(), r.text.clone()]),
        );
    })?;
    Ok(())
}

fn list_controls(catalog: &Catalog, output: &Output) -> Outcome {
    output.answer(&catalog.controls, |output| {
        output.table(
            ["Id", "Title", "Frequency", "Criteria"],
            catalog.controls.iter().map(|control| {
                [
                    control.id.clone(),
                    control.title.clone(),
                    control.frequency.plain().to_owned(),
                    control.criteria.join(", "),
                ]
            }),
        );
    })?;
    Ok(())
}
