//! What use cases need from outside the process. The binary plugs these in; tests bring their own.

use std::fmt::Debug;
use std::path::Path;

use tickmark_core::Timestamp;
use tickmark_core::engagement::fieldwork::ListRow;
use tickmark_core::report::sheet::Sheet;
use tickmark_core::report::{CopyFor, Files, OscalModel, ReadinessReport, SocPackage, Writing};

use crate::ledger::{MailTarget, Secret};

/// The clock.
pub trait Clock: Debug + Send + Sync {
    /// Returns the present moment.
    fn now(&self) -> Timestamp;
}

/// The operating system's randomness, for ids, salts and keys.
pub trait Entropy: Debug + Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// A request that leaves the building.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Where it goes; its host was allowed by the settings.
    pub url: String,
    /// Media type of the body.
    pub media_type: &'static str,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// What is sent.
    pub body: Vec<u8>,
    /// Size from which an answer is refused.
    pub max_answer_bytes: usize,
}

/// A request to a machine that somebody in an organization named, and nobody who operates the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Where it goes.
    pub url: String,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// A form that is sent; nothing is sent but looked at where there is none.
    pub form: Option<String>,
    /// Size from which an answer is refused.
    pub max_answer_bytes: usize,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// A message to a mailbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Subject.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML, for mail programs that prefer it.
    pub html: Option<String>,
    /// Its `Message-ID`, so that what is sent twice is known as the same; made up by whoever sends it if there is none.
    pub id: Option<String>,
}

/// Why something did not arrive.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotSent(pub String);

/// What goes out to other machines, and waits for the answer. But for [`Outbound::fetch`] only hosts of the settings are ever
/// named; redirections are not followed.
pub trait Outbound: Debug + Send + Sync {
    /// Sends a request and reads the answer, whatever its status.
    ///
    /// # Errors
    /// If there is no answer.
    fn post(&self, post: &Post) -> Result<Answer, NotSent>;

    /// Asks a machine that somebody in an organization named. It is reached by HTTPS at public addresses only, unless the
    /// settings list it: otherwise whoever names it could have the installation look around where it stands.
    ///
    /// # Errors
    /// If there is no answer, or the machine may not be asked.
    fn fetch(&self, fetch: &Fetch) -> Result<Answer, NotSent> {
        let _ = fetch;
        Err(NotSent("nothing is asked from here".to_owned()))
    }

    /// Sends a mail.
    ///
    /// # Errors
    /// If the mail server does not take it.
    fn mail(&self, target: &MailTarget, password: Option<&Secret>, letter: &Letter) -> Result<(), NotSent>;

    /// Hands a request to a program on this machine that holds keys, by its socket, and returns the answer without its
    /// length. Both have their length in front, as in the SSH agent protocol; all of it takes `timeout_seconds` at most.
    ///
    /// # Errors
    /// If there is no answer in time, or agents are not asked here.
    fn ask_agent(&self, socket: &Path, request: &[u8], timeout_seconds: u32) -> Result<Vec<u8>, NotSent> {
        let _ = (socket, request, timeout_seconds);
        Err(NotSent("agents are not asked here".to_owned()))
    }
}

/// Sends nothing: for programs and tests that stay inside.
#[derive(Debug)]
pub struct NoOutbound;

impl Outbound for NoOutbound {
    fn post(&self, _: &Post) -> Result<Answer, NotSent> {
        Err(NotSent("nothing is sent from here".to_owned()))
    }

    fn mail(&self, _: &MailTarget, _: Option<&Secret>, _: &Letter) -> Result<(), NotSent> {
        Err(NotSent("nothing is sent from here".to_owned()))
    }
}

/// Why a document could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the {document} could not be made: {why}")]
pub struct RenderError {
    /// Which document.
    pub document: &'static str,
    /// What happened.
    pub why: String,
}

/// Turns frozen models into documents. Same model, same bytes.
pub trait Renderer: Debug + Send + Sync {
    /// Makes the readiness report as PDF.
    ///
    /// # Errors
    /// If typesetting fails.
    fn readiness_pdf(&self, report: &ReadinessReport) -> Result<Vec<u8>, RenderError>;

    /// Makes management's part of a SOC report as PDF. A copy for somebody says for whom on each page. `files` are the
    /// bytes that the model names by digest; the auditor's signed file is attached if it is among them.
    ///
    /// # Errors
    /// If typesetting fails.
    fn package_pdf(
        &self,
        package: &SocPackage,
        copy: Option<&CopyFor>,
        files: &Files,
    ) -> Result<Vec<u8>, RenderError>;

    /// Makes a letter, or one part that management writes, as PDF.
    ///
    /// # Errors
    /// If typesetting fails.
    fn writing_pdf(
        &self,
        writing: &Writing,
        copy: Option<&CopyFor>,
        files: &Files,
    ) -> Result<Vec<u8>, RenderError>;

    /// Makes the same as DOCX.
    ///
    /// # Errors
    /// If the archive cannot be written.
    fn writing_docx(&self, writing: &Writing, files: &Files) -> Result<Vec<u8>, RenderError>;

    /// Writes an examination as OSCAL: an archive of documents.
    ///
    /// # Errors
    /// If the archive cannot be written.
    fn oscal_zip(&self, model: &OscalModel) -> Result<Vec<u8>, RenderError>;

    /// Makes the matrix of criteria and controls as XLSX.
    ///
    /// # Errors
    /// If the workbook cannot be written.
    fn matrix_xlsx(&self, report: &ReadinessReport) -> Result<Vec<u8>, RenderError>;

    /// Makes the same matrix as CSV.
    ///
    /// # Errors
    /// If a field cannot be written.
    fn matrix_csv(&self, report: &ReadinessReport) -> Result<Vec<u8>, RenderError>;

    /// Makes a list as XLSX.
    ///
    /// # Errors
    /// If the workbook cannot be written.
    fn list_xlsx(&self, list: &Sheet) -> Result<Vec<u8>, RenderError>;

    /// Reads the cells of the first sheet of a workbook that somebody else made.
    ///
    /// # Errors
    /// If it cannot be read, has merged cells, or workbooks are not read here.
    fn read_xlsx(&self, workbook: &[u8]) -> Result<Vec<ListRow>, RenderError> {
        let _ = workbook;
        Err(RenderError { document: "list", why: "workbooks are not read here; save it as CSV".to_owned() })
    }

    /// Reads the rows of the first sheet of a workbook with their lines: days and times as they are shown, formulas as
    /// they are written and not as what somebody computed from them.
    ///
    /// # Errors
    /// As [`Renderer::read_xlsx`].
    fn read_sheet(&self, workbook: &[u8]) -> Result<Vec<(u64, Vec<String>)>, RenderError> {
        let _ = workbook;
        Err(RenderError { document: "list", why: "workbooks are not read here; save it as CSV".to_owned() })
    }
}
