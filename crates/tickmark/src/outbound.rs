//! The only code that contacts other machines for the ledger and for mail to people: HTTP by `ureq`, mail by `lettre`; and
//! the agent on this machine that may hold signing keys.
//!
//! Which hosts may be contacted was decided when the settings were read. Redirections are not followed and no proxy of the
//! environment is used, so nothing else is.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

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

    fn ask_agent(&self, socket: &Path, request: &[u8], timeout_seconds: u32) -> Result<Vec<u8>, NotSent> {
        let until = Instant::now() + Duration::from_secs(u64::from(timeout_seconds));
        ask(socket, request, until).map_err(|error| NotSent(error.to_string()))
    }
}

/// Bytes from which an agent's answer is refused.
const MAX_AGENT_ANSWER: usize = 4096;

#[cfg(unix)]
fn ask(socket: &Path, request: &[u8], until: Instant) -> std::io::Result<Vec<u8>> {
    use std::io::{Error, ErrorKind};
    use std::os::unix::net::UnixStream;

    let late = || Error::new(ErrorKind::TimedOut, "the agent took too long");
    let left = || {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(late()) } else { Ok(left) }
    };
    let mut stream = UnixStream::connect(socket)?;
    stream.set_write_timeout(Some(left()?))?;
    stream.write_all(request)?;
    // Piece by piece, so that an agent that sends a byte now and then does not get longer.
    let mut answer = Vec::new();
    let mut piece = [0; 512];
    loop {
        if let Some((length, rest)) = answer.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            if length > MAX_AGENT_ANSWER {
                return Err(Error::new(ErrorKind::InvalidData, "the agent answered with too much"));
            }
            if rest.len() >= length {
                return Ok(rest[..length].to_vec());
            }
        }
        stream.set_read_timeout(Some(left()?))?;
        match stream.read(&mut piece) {
            Ok(0) => return Err(Error::new(ErrorKind::UnexpectedEof, "the agent hung up")),
            Ok(count) => answer.extend_from_slice(&piece[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Err(late());
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(not(unix))]
fn ask(_: &Path, _: &[u8], _: Instant) -> std::io::Result<Vec<u8>> {
    Err(std::io::Error::new(std::io::ErrorKind::Unsupported, "agents are asked on Unix only"))
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

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    /// What somebody hears who asks an agent that answers so, in pieces, and then holds the line.
    fn asked(pieces: &[&[u8]], hangs_up: bool) -> Result<Vec<u8>, NotSent> {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = folder.path().join("agent");
        let listener = UnixListener::bind(&socket).expect("a socket");
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let (mut stream, _) = listener.accept().expect("asked");
                let mut request = [0; 8];
                stream.read_exact(&mut request).expect("the request");
                assert_eq!(&request, b"\0\0\0\x04abcd");
                for piece in pieces {
                    stream.write_all(piece).expect("answering");
                }
                if !hangs_up {
                    // Until whoever asked goes away.
                    let _ = stream.read(&mut request);
                }
            });
            Internet.ask_agent(&socket, b"\0\0\0\x04abcd", 1)
        })
    }

    #[test]
    fn an_agent_answers_in_time_and_measure_or_not_at_all() {
        assert_eq!(asked(&[b"\0\0", b"\0\x03x", b"yz"], false).expect("an answer"), b"xyz");
        for (pieces, hangs_up, expected) in [
            (&[&b"\0\0\0\x03x"[..]][..], false, "too long"),
            (&[], false, "too long"),
            (&[&b"\0\0"[..]], true, "hung up"),
            (&[&b"\xff\0\0\0"[..]], false, "too much"),
        ] {
            let error = asked(pieces, hangs_up).expect_err("no answer").to_string();
            assert!(error.contains(expected), "{error}");
        }
        let nobody = Internet.ask_agent(Path::new("/nowhere/agent"), b"", 1);
        assert!(nobody.is_err());
    }
}
