//! The only code that contacts other machines for the ledger and for mail to people: HTTP by `ureq`, mail by `lettre`.
//!
//! Which hosts may be contacted was decided when the settings were read. Redirections are not followed and no proxy of the
//! environment is used, so nothing else is.

use std::time::Duration;

use lettre::message::MultiPart;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::{SUBMISSION_PORT, SUBMISSIONS_PORT};
use lettre::{Message, SmtpTransport, Transport as _};
use tickmark_app::ledger::{MailSecurity, MailTarget, Secret};
use tickmark_app::port::{Answer, Letter, NotSent, Outbound, Post};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Says that no person wrote it, so that nothing answers by itself (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// HTTP and mail.
#[derive(Debug)]
pub(crate) struct Internet;

impl Outbound for Internet {
    fn post(&self, post: &Post) -> Result<Answer, NotSent> {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent(concat!("tickmark/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        let mut request = agent.post(&post.url).header("content-type", post.media_type);
        for (name, value) in &post.headers {
            request = request.header(*name, value);
        }
        let not_sent = |error: ureq::Error| NotSent(error.to_string());
        let mut answer = request.send(post.body.as_slice()).map_err(not_sent)?;
        let status = answer.status().as_u16();
        let limit = post.max_answer_bytes as u64;
        let body = answer.body_mut().with_config().limit(limit).read_to_vec().map_err(not_sent)?;
        Ok(Answer { status, body })
    }

    fn mail(&self, target: &MailTarget, password: Option<&Secret>, letter: &Letter) -> Result<(), NotSent> {
        let address =
            |text: &str| text.parse().map_err(|_| NotSent(format!("{text:?} is not a mail address")));
        let message = Message::builder()
            .from(address(&target.from)?)
            .to(address(&target.to)?)
            .subject(&letter.subject)
            .message_id(letter.id.clone())
            .header(AutoSubmitted);
        let message = match &letter.html {
            None => message.header(ContentType::TEXT_PLAIN).body(letter.text.clone()),
            Some(html) => {
                message.multipart(MultiPart::alternative_plain_html(letter.text.clone(), html.clone()))
            }
        };
        let message = message.map_err(|error| NotSent(error.to_string()))?;
        let not_sent = |error: lettre::transport::smtp::Error| NotSent(error.to_string());
        let (host, port) = match target.server.rsplit_once(':') {
            Some((host, port)) => {
                (host, Some(port.parse().map_err(|_| NotSent(format!("{port:?} is not a port")))?))
            }
            None => (target.server.as_str(), None),
        };
        let mut transport = SmtpTransport::builder_dangerous(host);
        // Both refuse to go on unprotected.
        transport = match target.security {
            MailSecurity::Starttls => {
                transport.port(SUBMISSION_PORT).tls(Tls::Required(protection(host, target)?))
            }
            MailSecurity::Tls => {
                transport.port(SUBMISSIONS_PORT).tls(Tls::Wrapper(protection(host, target)?))
            }
            MailSecurity::None => transport,
        };
        if let Some(port) = port {
            transport = transport.port(port);
        }
        if let (Some(user), Some(password)) = (&target.user, password) {
            transport = transport.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        transport.timeout(Some(TIMEOUT)).build().send(&message).map(drop).map_err(not_sent)
    }
}

/// How the server shows who it is: by a chain to the roots of the settings, else to the public ones.
fn protection(host: &str, target: &MailTarget) -> Result<TlsParameters, NotSent> {
    let not_sent = |error: lettre::transport::smtp::Error| NotSent(error.to_string());
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(file) = &target.roots_file {
        let cannot = |error: &dyn std::fmt::Display| NotSent(format!("{}: {error}", file.display()));
        let pem = std::fs::read(file).map_err(|error| cannot(&error))?;
        let roots = Certificate::from_pem(&pem).map_err(|error| cannot(&error))?;
        parameters = parameters.certificate_store(CertificateStore::None).add_root_certificate(roots);
    }
    parameters.build().map_err(not_sent)
}
