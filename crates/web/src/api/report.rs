//! Documents of the output folder: the readiness report and what belongs to it. `askForJob` writes them anew.

use axum::extract::Path;
use schemars::JsonSchema;
use serde::Serialize;
use tickmark_core::identity::Resource::RestrictedReport;
use tickmark_core::identity::Verb::Export;

use super::answer::{Answered, answer};
use super::asking::{Asking, plain};
use super::looking::Looking;
use super::operation::Operation;
use crate::report::{ReportRow, taken};
use crate::route::get;

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<Report>(
        "listReports",
        ("/reports", "/reports"),
        "Documents that were written, with their digests",
        RestrictedReport,
        || get(list),
    )
    .for_people(),
    Operation::file(
        "getReport",
        ("/reports/{file}", "/reports/readiness.pdf"),
        "The bytes of a document; that it was taken out is recorded",
        RestrictedReport,
        || get(file),
    )
    .wholly(Export)
    .for_people(),
];

/// A document.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Report {
    file: String,
    size: u64,
    made_at: String,
    digest: String,
}

impl From<&ReportRow> for Report {
    fn from(row: &ReportRow) -> Self {
        Self {
            file: row.file.clone(),
            size: row.size,
            made_at: row.made.to_string(),
            digest: row.digest.to_string(),
        }
    }
}

async fn list(look: Looking) -> Answered {
    let asking = Asking::read(&look.uri, &[])?;
    let rows = look.state.source().reports().await?;
    let items: Vec<Report> = rows.iter().map(Report::from).collect();
    Ok(answer(&look.headers, &asking.page(items, |item| item.file.clone())?))
}

async fn file(Path(name): Path<String>, look: Looking) -> Answered {
    plain(&look.uri)?;
    taken(&look.state, &look.asked, &name, true).await
}
