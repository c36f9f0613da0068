//! `tickmark objects`: where the bytes of evidence are kept, and bringing them elsewhere.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;

use crate::cli::Common;
use crate::failure::Outcome;
use crate::output::Output;
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark objects show              in the data folder, or in which bucket
  tickmark objects move --to bucket  into the bucket that section [objects] of tickmark.toml names
  tickmark objects move --to folder  back; then take the section out

Each object is verified on the way. Those in the old place stay until somebody deletes them.";

/// `tickmark objects`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say where the objects are.
    Show,
    /// Copy all objects to the other place and use them there. Nothing else may work with the folder.
    Move(Move),
}

/// `tickmark objects move`
#[derive(Debug, Args)]
pub(crate) struct Move {
    /// Where to.
    #[arg(long, value_name = "PLACE")]
    to: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Place {
    /// The data folder.
    Folder,
    /// The bucket of the settings.
    Bucket,
}

/// Runs `tickmark objects`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::Show => {
            let place = wiring::objects_place(common)?;
            output.answer(&json!({ "place": place }), |output| output.line(&place))?;
        }
        Command::Move(options) => {
            let folder = wiring::folder_if_there(common)?;
            let progress = output.progress("copying objects");
            let moved = folder.move_objects(options.to == Place::Bucket).await;
            drop(progress);
            let count = moved.map_err(tickmark_app::Error::from)?;
            let place = folder.objects_place().map_err(tickmark_app::Error::from)?.unwrap_or_default();
            output.answer(&json!({ "place": place, "objects": count }), |output| {
                output.line(format!(
                    "{count} objects are in {place} now, each verified; those in the old place stay"
                ));
            })?;
        }
    }
    Ok(())
}
