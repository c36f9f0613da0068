//! One file per command; each is a thin caller of use cases.

use tickmark_core::catalog::Catalog;
use tickmark_evaluate::Library;

use crate::cli::Common;
use crate::failure::Outcome;
use crate::output::Output;

pub(crate) mod assess;
pub(crate) mod bundle;
pub(crate) mod catalog;
pub(crate) mod checks;
pub(crate) mod collect;
pub(crate) mod evidence;
pub(crate) mod example;
pub(crate) mod help;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod ledger;
pub(crate) mod quickstart;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod serve;
pub(crate) mod status;
pub(crate) mod verify;
pub(crate) mod waive;

/// Catalog and checks with the user's own, loaded once per command: compiling the checks takes a tenth of a second.
pub(crate) struct Content {
    pub(crate) catalog: Catalog,
    pub(crate) library: Library,
}

impl Content {
    /// Loads both.
    pub(crate) fn load(common: &Common, output: &Output) -> Outcome<Self> {
        Ok(Self { catalog: catalog::load(&common.data)?, library: checks::load(&common.data, output)? })
    }
}
