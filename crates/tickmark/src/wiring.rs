//! What the binary plugs into the use cases: clock, entropy, the collector of this machine, the renderer.

use std::path::Path;
use std::sync::Arc;

use tickmark_app::identity::credential::BrokenPasswords;
use tickmark_app::ledger::{LedgerSettings, Outside};
use tickmark_app::port::{Clock, Entropy, RenderError, Renderer};
use tickmark_app::{Actor, App};
use tickmark_core::Timestamp;
use tickmark_core::engagement::fieldwork::ListRow;
use tickmark_core::report::sheet::Sheet;
use tickmark_core::report::{CopyFor, Files, OscalModel, ReadinessReport, SocPackage, Writing};
use tickmark_store::DataFolder;

use crate::cli::Common;
use crate::clock;
use crate::failure::{Failure, Outcome};
use crate::outbound::Internet;
use crate::settings::Settings;

/// Bytes of a gigabyte.
const GIGABYTE: u64 = 1_000_000_000;

#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        clock::now()
    }
}

#[derive(Debug)]
struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        clock::random(bytes);
    }
}

/// Typst and spreadsheets.
#[derive(Debug)]
pub(crate) struct Documents;

impl Renderer for Documents {
    fn readiness_pdf(&self, report: &ReadinessReport) -> Result<Vec<u8>, RenderError> {
        tickmark_report::readiness_pdf(report).map_err(|error| failed("readiness report", &error))
    }

    fn package_pdf(
        &self,
        package: &SocPackage,
        copy: Option<&CopyFor>,
        files: &Files,
    ) -> Result<Vec<u8>, RenderError> {
        tickmark_report::package_pdf(package, copy, files)
            .map_err(|error| failed("management's part of the report", &error))
    }

    fn writing_pdf(
        &self,
        writing: &Writing,
        copy: Option<&CopyFor>,
        files: &Files,
    ) -> Result<Vec<u8>, RenderError> {
        tickmark_report::writing_pdf(writing, copy, files).map_err(|error| failed("document", &error))
    }

    fn writing_docx(&self, writing: &Writing, files: &Files) -> Result<Vec<u8>, RenderError> {
        tickmark_report::writing_docx(writing, files).map_err(|error| failed("document", &error))
    }

    fn oscal_zip(&self, model: &OscalModel) -> Result<Vec<u8>, RenderError> {
        tickmark_report::oscal_zip(model).map_err(|error| failed("OSCAL documents", &error))
    }

    fn matrix_xlsx(&self, report: &ReadinessReport) -> Result<Vec<u8>, RenderError> {
        tickmark_report::matrix_xlsx(report).map_err(|error| failed("matrix", &error))
    }

    fn matrix_csv(&self, report: &ReadinessReport) -> Result<Vec<u8>, RenderError> {
        tickmark_report::matrix_csv(report).map_err(|error| failed("matrix", &error))
    }

    fn list_xlsx(&self, list: &Sheet) -> Result<Vec<u8>, RenderError> {
        tickmark_report::list_xlsx(list).map_err(|error| failed("list", &error))
    }

    fn read_xlsx(&self, workbook: &[u8]) -> Result<Vec<ListRow>, RenderError> {
        tickmark_report::read_workbook(workbook).map_err(|error| failed("list", &error))
    }

    fn read_sheet(&self, workbook: &[u8]) -> Result<Vec<(u64, Vec<String>)>, RenderError> {
        tickmark_report::read_sheet(workbook).map_err(|error| failed("list", &error))
    }
}

fn failed(document: &'static str, error: &impl std::fmt::Display) -> RenderError {
    RenderError { document, why: error.to_string() }
}

/// Opens the data folder as its only writer, making it if it is not there.
pub(crate) async fn open(common: &Common) -> Outcome<App> {
    let settings = Settings::read(&common.data, clock::environment("TICKMARK_DATABASE_URL"))?;
    let folder = folder(common, &settings)?;
    start(folder, &settings, common).await
}

/// Opens the data folder as its only writer with a clock and randomness of one's own, for the example.
pub(crate) async fn open_with(
    common: &Common,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
) -> Outcome<App> {
    let settings = Settings::read(&common.data, clock::environment("TICKMARK_DATABASE_URL"))?;
    let folder = folder(common, &settings)?;
    let server = settings.database.url.as_ref().map(|secret| secret.0.as_str());
    Ok(App::open(folder, server, clock, entropy).await?)
}

/// Tells whether the database is a server rather than a file in the folder.
pub(crate) fn has_server(common: &Common) -> Outcome<bool> {
    let settings = Settings::read(&common.data, clock::environment("TICKMARK_DATABASE_URL"))?;
    Ok(settings.database.url.is_some())
}

/// Opens the data folder for looking, beside a process that writes.
pub(crate) async fn inspect(common: &Common) -> Outcome<App> {
    match inspect_if_there(common).await? {
        Some(app) => Ok(app),
        None => Err(Failure::input(format!(
            "{} is not a data folder yet; `tickmark quickstart` or `tickmark init` makes one",
            common.data.display()
        ))),
    }
}

/// Opens the data folder for looking, if there is one.
pub(crate) async fn inspect_if_there(common: &Common) -> Outcome<Option<App>> {
    if !Path::new(&common.data).join("LAYOUT").is_file() {
        return Ok(None);
    }
    let settings = Settings::read(&common.data, clock::environment("TICKMARK_DATABASE_URL"))?;
    let mut folder = DataFolder::inspect(&common.data).map_err(tickmark_app::Error::from)?;
    place_objects(&mut folder, &settings)?;
    start(folder, &settings, common).await.map(Some)
}

/// Opens the data folder as its only writer to repair a log that is behind what was released.
pub(crate) async fn repair(common: &Common) -> Outcome<App> {
    if !Path::new(&common.data).join("LAYOUT").is_file() {
        return Err(Failure::input(format!("{} is not a data folder", common.data.display())));
    }
    let settings = Settings::read(&common.data, clock::environment("TICKMARK_DATABASE_URL"))?;
    let folder = folder(common, &settings)?;
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let app = App::open_to_repair(folder, server(&settings), clock, entropy, outside(&settings)).await?;
    equipped(app, &settings, common)
}

/// Opens the data folder as its only writer, without what is in it, making it if it is not there.
fn folder(common: &Common, settings: &Settings) -> Outcome<DataFolder> {
    let mut folder = DataFolder::create_or_open(&common.data).map_err(tickmark_app::Error::from)?;
    place_objects(&mut folder, settings)?;
    Ok(folder)
}

fn place_objects(folder: &mut DataFolder, settings: &Settings) -> Outcome {
    if let Some(objects) = &settings.objects {
        folder.keep_objects_in(objects.bucket()?);
    }
    Ok(())
}

/// Returns in words where the objects of the data folder are.
pub(crate) fn objects_place(common: &Common) -> Outcome<String> {
    let settings = Settings::read(&common.data, None)?;
    let folder = DataFolder::inspect(&common.data).map_err(tickmark_app::Error::from)?;
    let held = folder.objects_place().map_err(tickmark_app::Error::from)?;
    match (held, &settings.objects) {
        (Some(held), _) => Ok(held),
        (None, Some(objects)) => Ok(objects.bucket()?.place()),
        (None, None) => Ok("the data folder".to_owned()),
    }
}

/// Opens the data folder as its only writer to bring its objects elsewhere.
pub(crate) fn folder_if_there(common: &Common) -> Outcome<DataFolder> {
    if !Path::new(&common.data).join("LAYOUT").is_file() {
        return Err(Failure::input(format!("{} is not a data folder", common.data.display())));
    }
    folder(common, &Settings::read(&common.data, None)?)
}

/// Returns the settings of the ledger.
pub(crate) fn ledger_settings(common: &Common) -> Outcome<LedgerSettings> {
    Ok(Settings::read(&common.data, None)?.ledger)
}

fn server(settings: &Settings) -> Option<&str> {
    settings.database.url.as_ref().map(|secret| secret.0.as_str())
}

fn outside(settings: &Settings) -> Outside {
    let internet = Internet { private: settings.sign_in.private_hosts.clone() };
    Outside { settings: settings.ledger.clone(), outbound: Arc::new(internet) }
}

fn equipped(mut app: App, settings: &Settings, common: &Common) -> Outcome<App> {
    if let Some(organization) = &common.organization {
        app.work_in(organization.clone());
    }
    if let Some(file) = &settings.evidence.key_file {
        app.take_wrapping_keys_from(file.clone());
    }
    if let Some(gigabytes) = settings.evidence.quota_gb {
        app.limit_evidence(u64::from(gigabytes) * GIGABYTE);
    }
    if let Some(mail) = &settings.mail {
        app.send_mail_by(mail.clone());
    }
    if let Some(file) = &settings.sign_in.broken_passwords_file {
        app.refuse_passwords_in(BrokenPasswords::take(file.clone())?);
    }
    Ok(app)
}

async fn start(folder: DataFolder, settings: &Settings, common: &Common) -> Outcome<App> {
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let app = App::open_with(folder, server(settings), clock, entropy, outside(settings)).await?;
    equipped(app, settings, common)
}

/// Returns where documents of an organization lie: those of the first one in the folder itself, those of others apart.
pub(crate) async fn out_folder(app: &App, actor: &Actor, common: &Common) -> Outcome<std::path::PathBuf> {
    let out = common.data.join("out");
    let first = app.organizations().await?.into_iter().next();
    let is_first = first.is_some_and(|one| one.key == actor.organization.key);
    Ok(if is_first { out } else { out.join(actor.organization.id.to_string()) })
}

/// Returns the program as the actor of the organization that was named, or of the folder's one.
pub(crate) async fn reader(app: &App) -> Outcome<Actor> {
    Ok(app.only_organization().await?)
}
