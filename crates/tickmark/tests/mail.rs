//! Checkpoints and letters to people by mail over protected connections, to a server of Python's standard library that is started here, with
//! certificates of OpenSSL.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::Value;

/// How long the server may take to say something.
const PATIENCE: Duration = Duration::from_secs(30);

/// A mail server that says what came in, one JSON list to a line: whether it was protected, which user, and the text.
const SERVER: &str = r#"
import base64, json, socket, ssl, sys
mode, certificate, key = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
def serve(connection):
    protected, user = mode == "tls", None
    if protected:
        connection = context.wrap_socket(connection, server_side=True)
    file = connection.makefile("rb")
    say = lambda text: connection.sendall(text.encode() + b"\r\n")
    say("220 here")
    while line := file.readline():
        command = line.decode().strip()
        word = command.split(" ")[0].upper()
        if word == "EHLO":
            offer = "250-STARTTLS\r\n" if mode == "starttls" and not protected else ""
            say("250-here\r\n" + offer + "250-AUTH PLAIN\r\n250 8BITMIME")
        elif word == "STARTTLS":
            say("220 go on")
            connection = context.wrap_socket(connection, server_side=True)
            file, protected = connection.makefile("rb"), True
        elif word == "AUTH":
            user = base64.b64decode(command.split(" ")[2]).split(b"\0")[1].decode()
            say("235 known")
        elif word == "DATA":
            say("354 go on")
            text = ""
            while (line := file.readline().decode()) != ".\r\n":
                text += line
            print(json.dumps(["mail", protected, user, text]), flush=True)
            say("250 kept")
        elif word == "QUIT":
            say("221 bye")
            return
        else:
            say("250 ok")
while True:
    connection, _ = listener.accept()
    try:
        serve(connection)
        print(json.dumps(["end"]), flush=True)
    except (OSError, ssl.SSLError) as error:
        print(json.dumps(["broken", str(error)]), flush=True)
"#;

/// The server; it ends with the test.
struct Server(Child, u16, Receiver<Value>);

impl Server {
    fn start(mode: &str, certificates: &Certificates) -> Self {
        let mut child = Command::new("python3")
            .args(["-u", "-c", SERVER, mode])
            .args([certificates.at("server.pem"), certificates.at("server.key")])
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3, which the tests need");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let port = lines.next().expect("a line").expect("text").parse().expect("a port");
        let (tell, said) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let said = serde_json::from_str(&line).expect("JSON");
                if tell.send(said).is_err() {
                    return;
                }
            }
        });
        Self(child, port, said)
    }

    /// What it said of one connection, up to its end.
    fn connection(&self) -> Vec<Value> {
        let mut all = Vec::new();
        while !all.last().is_some_and(|last: &Value| last[0] == "end" || last[0] == "broken") {
            all.push(self.2.recv_timeout(PATIENCE).expect("the server says something"));
        }
        all
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A root, and a certificate for `localhost` that leads to it.
struct Certificates(tempfile::TempDir);

impl Certificates {
    fn new() -> Self {
        let own = Self(tempfile::tempdir().expect("scratch"));
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let root =
            ["req", "-x509", "-subj", "/CN=Test root", "-days", "30", "-keyout", "ca.key", "-out", "ca.pem"];
        own.openssl(&[&root[..], &curve].concat());
        let request = ["req", "-new", "-subj", "/CN=mail", "-keyout", "server.key", "-out", "server.csr"];
        own.openssl(&[&request[..], &curve].concat());
        fs::write(own.at("names"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")
            .expect("names");
        let sign = ["x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "30"];
        own.openssl(&[&sign[..], &["-CAcreateserial", "-extfile", "names", "-out", "server.pem"]].concat());
        own
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl").current_dir(self.0.path()).args(arguments).output();
        let output = output.expect("openssl, which the tests need");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn tickmark(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tickmark"));
    command.arg("--data").arg(data).args(["--quiet", "--json"]).args(arguments);
    command.env_remove("TICKMARK_DATABASE_URL").output().expect("the binary runs")
}

/// Publishes by mail once, and returns what went wrong, if something did.
fn publish(data: &Path, server: &str, security: &str, roots: Option<PathBuf>) -> Option<String> {
    let roots = roots.map(|file| format!("roots_file = \"{}\"\n", file.display())).unwrap_or_default();
    fs::write(data.join("password"), "hunter2").expect("the password");
    let settings = format!(
        "[ledger]\nallowed_hosts = [\"{server}\"]\n[[ledger.mail]]\nname = \"box\"\nserver = \"{server}\"\n\
         security = \"{security}\"\n{roots}user = \"robin\"\npassword_file = \"{}\"\nfrom = \"a@example.org\"\n\
         to = \"b@example.org\"\n",
        data.join("password").display()
    );
    fs::write(data.join("tickmark.toml"), settings).expect("the settings");
    let output = tickmark(data, &["ledger", "publish"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "{error}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    });
    let problem = said["deliveries"][0]["problem"].as_str().map(str::to_owned);
    assert_eq!(output.status.success(), problem.is_none(), "{said}");
    problem
}

fn started() -> (tempfile::TempDir, PathBuf) {
    let scratch = tempfile::tempdir().expect("scratch");
    let data = scratch.path().join("data");
    assert!(tickmark(&data, &["init"]).status.success());
    (scratch, data)
}

#[test]
fn mail_goes_through_tls_and_starttls_to_a_server_that_shows_who_it_is() {
    let certificates = Certificates::new();
    for security in ["tls", "starttls"] {
        let (_scratch, data) = started();
        let server = Server::start(security, &certificates);
        let name = format!("localhost:{}", server.1);
        assert_eq!(publish(&data, &name, security, Some(certificates.at("ca.pem"))), None);
        let connection = server.connection();
        let [kind, is_protected, user, text] = connection[0].as_array().expect("a list").as_slice() else {
            panic!("{connection:?}")
        };
        assert_eq!(
            (kind.as_str(), is_protected, user.as_str()),
            (Some("mail"), &Value::Bool(true), Some("robin"))
        );
        let text = text.as_str().expect("text");
        assert!(text.contains("Subject: Tickmark checkpoint of") && text.contains("tickmark/t/"), "{text}");
    }
}

#[test]
fn mail_does_not_go_to_a_server_that_cannot_show_who_it_is() {
    let (certificates, others) = (Certificates::new(), Certificates::new());
    for security in ["tls", "starttls"] {
        for (host, roots) in [
            // The public roots, those of somebody else, and a name that is not in the certificate.
            ("localhost", None),
            ("localhost", Some(others.at("ca.pem"))),
            ("127.0.0.1", Some(certificates.at("ca.pem"))),
        ] {
            let (_scratch, data) = started();
            let server = Server::start(security, &certificates);
            let problem =
                publish(&data, &format!("{host}:{}", server.1), security, roots).expect("a problem");
            assert!(problem.contains("certificate"), "{security} {host}: {problem}");
            assert!(server.connection().iter().all(|said| said[0] != "mail"), "{security} {host}");
        }
    }
}

#[test]
fn mail_and_password_do_not_go_unprotected_where_protection_was_asked_for() {
    let (_scratch, data) = started();
    let certificates = Certificates::new();
    let server = Server::start("plain", &certificates);
    let name = format!("localhost:{}", server.1);
    let problem = publish(&data, &name, "starttls", Some(certificates.at("ca.pem"))).expect("a problem");
    assert!(problem.to_lowercase().contains("starttls"), "{problem}");
    assert_eq!(server.connection().len(), 1, "neither user nor text");
}

/// Names a mail server for letters to people.
fn name_server(data: &Path, server: &str, security: &str, roots: Option<PathBuf>) {
    let roots = roots.map(|file| format!("roots_file = \"{}\"\n", file.display())).unwrap_or_default();
    fs::write(data.join("password"), "hunter2").expect("the password");
    let settings = format!(
        "[mail]\nserver = \"{server}\"\nsecurity = \"{security}\"\n{roots}user = \"robin\"\n\
         password_file = \"{}\"\nfrom = \"Tickmark <tickmark@example.org>\"\naddress = \"https://t.example.org\"\n",
        data.join("password").display()
    );
    fs::write(data.join("tickmark.toml"), settings).expect("the settings");
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
    })
}

/// The text of a letter as it came in, with its lines as they were before they were broken for the way.
fn letter(server: &Server) -> String {
    let connection = server.connection();
    let [kind, is_protected, user, text] = connection[0].as_array().expect("a list").as_slice() else {
        panic!("{connection:?}")
    };
    assert_eq!(
        (kind.as_str(), is_protected, user.as_str()),
        (Some("mail"), &Value::Bool(true), Some("robin"))
    );
    text.as_str().expect("text").replace("=\r\n", "").replace("=3D", "=")
}

#[test]
fn a_test_letter_and_an_invitation_arrive() {
    let certificates = Certificates::new();
    for security in ["tls", "starttls"] {
        let (_scratch, data) = started();
        let server = Server::start(security, &certificates);
        name_server(&data, &format!("localhost:{}", server.1), security, Some(certificates.at("ca.pem")));
        let sent = tickmark(&data, &["mail", "test", "ada@example.com"]);
        assert_eq!(json(&sent)["sent_to"], "ada@example.com");
        let text = letter(&server);
        for part in [
            "To: ada@example.com",
            "From: Tickmark <tickmark@example.org>",
            "Auto-Submitted: auto-generated",
            "multipart/alternative",
            "text/html",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }

        let invited = json(&tickmark(&data, &["people", "invite", "lin@example.com", "--role", "employee"]));
        assert_eq!(invited["is_mailed"], true);
        let secret = invited["link"].as_str().expect("a link").rsplit_once('/').expect("a path").1.to_owned();
        assert_eq!(json(&tickmark(&data, &["mail", "list"]))[0]["state"], "waiting");
        assert_eq!(json(&tickmark(&data, &["mail", "send"]))["sent"], 1);
        let text = letter(&server);
        assert!(text.contains(&format!("https://t.example.org/join/{secret}\r\n")), "{text}");
        assert!(text.contains("To: lin@example.com") && text.contains("Message-ID: <"), "{text}");
        assert_eq!(json(&tickmark(&data, &["mail", "list"]))[0]["state"], "sent");
    }
}

#[test]
fn what_the_mail_server_says_is_told_and_the_letter_waits() {
    let certificates = Certificates::new();
    let (_scratch, data) = started();
    let none = tickmark(&data, &["mail", "test", "ada@example.com"]);
    assert_eq!(none.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&none.stderr).contains("[mail]"));
    let server = Server::start("tls", &certificates);
    // A server that cannot show who it is gets neither password nor letter.
    name_server(&data, &format!("localhost:{}", server.1), "tls", None);
    let refused = tickmark(&data, &["mail", "test", "ada@example.com"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("certificate"), "{refused:?}");
    assert!(server.connection().iter().all(|said| said[0] != "mail"));
    assert!(!tickmark(&data, &["mail", "test", "no address"]).status.success());

    let invite = ["people", "invite", "lin@example.com", "--role", "employee"];
    assert_eq!(json(&tickmark(&data, &invite))["is_mailed"], true);
    let send = tickmark(&data, &["mail", "send"]);
    assert_eq!((send.status.code(), &json(&send)["failed"]), (Some(1), &Value::from(1)));
    let waits = &json(&tickmark(&data, &["mail", "list"]))[0];
    assert_eq!((&waits["state"], &waits["attempts"]), (&Value::from("waiting"), &Value::from(1)));
    assert!(waits["problem"].as_str().expect("words").contains("certificate"), "{waits}");
    for bad in [
        "server = \"mail example\"",
        "surver = \"localhost\"",
        "server = \"mail.example.org\"\nsecurity = \"none\"",
    ] {
        fs::write(data.join("tickmark.toml"), format!("[mail]\nfrom = \"a@example.org\"\n{bad}\n"))
            .expect("settings");
        assert_eq!(tickmark(&data, &["mail", "list"]).status.code(), Some(2), "{bad}");
    }
}
