//! `tickmark backup`: a copy of the data folder, beside whoever works with it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark backup /mnt/backup/tickmark             again into the same folder: only what is new
  tickmark backup /mnt/vault/tickmark --with-keys  keys too: keep this one under lock

To restore, copy the folder to its place, put keys/ into it, and start.";

/// Folders and files that people write, copied as they are.
const OF_PEOPLE: [&str; 5] = ["checks", "organizations", "catalog", "out", "tickmark.toml"];

/// `tickmark backup`
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The copy: a new folder, or an earlier copy.
    #[arg(value_name = "DIR")]
    pub(crate) to: PathBuf,
    /// Copy the keys as well. Without them nothing in the copy can be decrypted or signed.
    #[arg(long)]
    pub(crate) with_keys: bool,
}

/// Runs `tickmark backup`.
pub(crate) async fn run(options: &Backup, common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let progress = output.progress("copying");
    let done = app.back_up(&options.to).await?;
    let keys = if options.with_keys { Some("keys") } else { None };
    for name in OF_PEOPLE.into_iter().chain(keys) {
        copy(&common.data.join(name), &options.to.join(name))
            .map_err(|error| Failure::Could(anyhow::Error::from(error).context(format!("copying {name}"))))?;
    }
    app.close().await;
    drop(progress);
    let answer = json!({
        "to": options.to, "database": done.has_database, "objects": done.new_objects + done.old_objects,
        "new_objects": done.new_objects, "new_bytes": done.new_bytes, "keys": options.with_keys,
    });
    output.answer(&answer, |output| {
        output.line(format!(
            "{}: {} objects, {} of them new ({} bytes)",
            options.to.display(),
            done.new_objects + done.old_objects,
            done.new_objects,
            done.new_bytes
        ));
        if !done.has_database {
            output.line("the database is a server and is not in the copy: back it up with pg_dump, before this command");
        }
        if !options.with_keys {
            output.line("keys are not in the copy: keep them apart, under lock; without them it cannot be read");
        }
    })?;
    Ok(())
}

/// Copies a file or a folder. What is not there is left out; links are not followed.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let kind = match fs::symlink_metadata(from) {
        Ok(about) => about.file_type(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if kind.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    } else if kind.is_file() {
        fs::copy(from, to)?;
    }
    Ok(())
}
