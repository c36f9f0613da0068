//! The only code that contacts other machines for the ledger and for mail to people: HTTP by `ureq`, mail by `lettre`; and
//! the agent on this machine that may hold signing keys.
//!
//! Which hosts may be contacted was decided when the settings were read. Redirections are not followed and no proxy of the
//! environment is used, so nothing else is. Identity providers are named by organizations: of them only those at public
//! addresses are asked, by HTTPS, and others that the settings list.

mod agent;

use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use lettre::message::MultiPart;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::transport::smtp::{SUBMISSION_PORT, SUBMISSIONS_PORT};
use lettre::{Message, SmtpTransport, Transport as _};
use tickmark_app::ledger::{MailSecurity, MailTarget, Secret};
use tickmark_app::port::{Answer, Fetch, Letter, NotSent, Outbound, Post};
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// How long an identity provider may take: somebody waits for the page behind it.
const FETCH_TIMEOUT: Duration = Duration::from_secs(6);

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
#[derive(Debug, Default)]
pub(crate) struct Internet {
    /// Hosts, with their ports where they are named, that may be asked at private addresses and, on this machine, by HTTP.
    pub(crate) private: Vec<String>,
}

/// Finds addresses, and gives none that is not public, unless the host is one that the settings list. What is found here is
/// what is connected to, so a name cannot be another address a moment later.
#[derive(Debug)]
struct PublicOnly {
    private: Vec<String>,
}

impl Resolver for PublicOnly {
    fn resolve(
        &self,
        uri: &ureq::http::Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let is_listed = is_listed(&self.private, uri);
        if uri.scheme_str() != Some("https") && !is_listed {
            return Err(refused("it is not reached by HTTPS"));
        }
        let found = DefaultResolver::default().resolve(uri, config, timeout)?;
        if !is_listed && !found.iter().all(|address| is_public(address.ip())) {
            return Err(refused("it is at an address that is not public, and the settings do not list it"));
        }
        Ok(found)
    }
}

fn refused(why: &str) -> ureq::Error {
    ureq::Error::Io(std::io::Error::new(std::io::ErrorKind::PermissionDenied, why.to_owned()))
}

fn is_listed(private: &[String], uri: &ureq::http::Uri) -> bool {
    let Some(authority) = uri.authority() else { return false };
    private
        .iter()
        .any(|one| one.eq_ignore_ascii_case(authority.as_str()) || one.eq_ignore_ascii_case(authority.host()))
}

/// Tells whether an address is one of the internet: not of this machine, of the network around it, or of a special use.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            let is_special = matches!(
                (a, b, c),
                (0 | 10 | 127 | 224..=255, _, _)
                    | (100, 64..=127, _)
                    | (169, 254, _)
                    | (172, 16..=31, _)
                    | (192, 0, 0 | 2)
                    | (192, 88, 99)
                    | (192, 168, _)
                    | (198, 18 | 19, _)
                    | (198, 51, 100)
                    | (203, 0, 113)
            );
            !is_special
        }
        IpAddr::V6(v6) => {
            let first = v6.segments();
            // Of what is given out, 2000::/3, without documentation, 6to4 and Teredo, which hold other addresses.
            (first[0] & 0xe000) == 0x2000
                && first[0] != 0x2002
                && !(first[0] == 0x2001 && (first[1] == 0 || first[1] == 0x0db8))
                && first[0] != 0x3fff
        }
    }
}

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

    fn fetch(&self, fetch: &Fetch) -> Result<Answer, NotSent> {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(FETCH_TIMEOUT))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent(concat!("tickmark/", env!("CARGO_PKG_VERSION")))
            .build();
        let resolver = PublicOnly { private: self.private.clone() };
        let agent = ureq::Agent::with_parts(config, DefaultConnector::default(), resolver);
        let not_sent = |error: ureq::Error| NotSent(error.to_string());
        let mut answer = match &fetch.form {
            Some(form) => {
                let mut request =
                    agent.post(&fetch.url).header("content-type", "application/x-www-form-urlencoded");
                for (name, value) in &fetch.headers {
                    request = request.header(*name, value);
                }
                request.send(form.as_bytes()).map_err(not_sent)?
            }
            None => {
                let mut request = agent.get(&fetch.url);
                for (name, value) in &fetch.headers {
                    request = request.header(*name, value);
                }
                request.call().map_err(not_sent)?
            }
        };
        let status = answer.status().as_u16();
        let limit = fetch.max_answer_bytes as u64;
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
        agent::ask(socket, request, until).map_err(|error| NotSent(error.to_string()))
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

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for address in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111"] {
            assert!(is_public(address.parse().expect("an address")), "{address}");
        }
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "fc00::1",
            "fe80::1",
            "2001:db8::1",
            "2001:0:1::1",
            "2002:7f00:1::",
            "ff02::1",
        ] {
            assert!(!is_public(address.parse().expect("an address")), "{address}");
        }
    }

    fn fetch(url: String) -> Fetch {
        Fetch { url, headers: Vec::new(), form: None, max_answer_bytes: 100 }
    }

    /// Answers requests one after another with these bytes; tells how many there were.
    fn serve(answers: Vec<String>) -> (String, std::thread::JoinHandle<usize>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let host = listener.local_addr().expect("bound").to_string();
        let served = std::thread::spawn(move || {
            let mut count = 0;
            for answer in answers {
                let (mut stream, _) = listener.accept().expect("a request");
                let mut head = [0; 4_096];
                let _ = stream.read(&mut head).expect("a head");
                stream.write_all(answer.as_bytes()).expect("an answer");
                count += 1;
            }
            count
        });
        (host, served)
    }

    #[test]
    fn what_is_not_listed_is_not_even_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let host = listener.local_addr().expect("bound").to_string();
        listener.set_nonblocking(true).expect("set");
        for url in [format!("http://{host}/"), format!("https://{host}/"), "https://localhost:1/".to_owned()]
        {
            let error = Internet::default().fetch(&fetch(url.clone())).expect_err("refused");
            assert!(
                error.0.contains("not public") || error.0.contains("not reached by HTTPS"),
                "{url}: {error}"
            );
        }
        assert!(listener.accept().is_err(), "nobody came");
    }

    #[test]
    fn what_is_listed_is_asked_within_bounds_and_leads_nowhere_else() {
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\n";
        let long = "x".repeat(200);
        let (host, served) = serve(vec![
            format!("{head}content-length: 2\r\n\r\nok"),
            "HTTP/1.1 302 Found\r\nconnection: close\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
                .to_owned(),
            format!("{head}content-length: 200\r\n\r\n{long}"),
        ]);
        let internet = Internet { private: vec![host.clone()] };
        let ask = || internet.fetch(&fetch(format!("http://{host}/")));
        assert_eq!(ask().expect("answered"), Answer { status: 200, body: b"ok".to_vec() });
        assert_eq!(ask().expect("answered").status, 302, "it is not followed");
        assert!(ask().is_err(), "longer than is taken");
        assert_eq!(served.join().expect("served"), 3);
    }
}
