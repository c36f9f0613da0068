//! Checkpoints leave the program over real sockets: a webhook, a mail server, a time-stamping authority and a witness, all
//! started here on loopback.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::Value;

#[expect(dead_code, reason = "the tests of the ledger use more of it")]
#[path = "../../ledger/tests/ledger/authority.rs"]
mod authority;

use authority::{Authority, Kind};

fn tickmark(data: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tickmark"));
    command.arg("--data").arg(data).arg("--quiet").args(arguments).env_remove("TICKMARK_DATABASE_URL");
    command.output().expect("the binary runs")
}

fn json(data: &Path, arguments: &[&str]) -> Value {
    let output = tickmark(data, &[arguments, &["--json"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{arguments:?}: {errors}{}",
        String::from_utf8_lossy(&output.stdout)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What came in: path or mail, and its content.
type Received = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

/// Takes POST requests: `/hook` is kept, `/tsa` is answered by the authority, anything else is redirected to `/hook`,
/// where it must not arrive.
fn web(authority: Authority, received: Received) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let host = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away ends its own request only.
            let _ = answer(stream, &authority, &received);
        }
    });
    host
}

fn answer(stream: TcpStream, authority: &Authority, received: &Received) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (head, content) = match path.as_str() {
        "/hook" => ("204 No Content", Vec::new()),
        "/tsa" => ("200 OK", authority.answer(&body)),
        _ => ("302 Found\r\nLocation: /hook", Vec::new()),
    };
    received.lock().expect("lock").push((path, body));
    let mut stream = stream;
    write!(stream, "HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", content.len())?;
    stream.write_all(&content)
}

/// Takes mail as a simple server does.
fn mail(received: Received) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let host = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let _ = take(stream, &received);
        }
    });
    host
}

fn take(mut stream: TcpStream, received: &Received) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    stream.write_all(b"220 here\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        match line.split(' ').next().unwrap_or_default() {
            "EHLO" => stream.write_all(b"250-here\r\n250 8BITMIME\r\n")?,
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                let mut text = String::new();
                while let Some(line) = lines.next().transpose()?.filter(|line| line != ".") {
                    text.push_str(&line);
                    text.push('\n');
                }
                received.lock().expect("lock").push(("mail".to_owned(), text.into_bytes()));
                stream.write_all(b"250 kept\r\n")?;
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n"),
            _ => stream.write_all(b"250 ok\r\n")?,
        }
    }
    Ok(())
}

/// The program as a witness; it ends with the test.
struct Witness(Child, String, String);

impl Drop for Witness {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Witness {
    fn start(state: &Path, log: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tickmark"))
            .args([
                "ledger",
                "witness",
                "--name",
                "auditor.example/w",
                "--log",
                log,
                "--listen",
                "127.0.0.1:0",
                "--state",
            ])
            .arg(state)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
        let mut next = |prefix: &str| {
            let line = lines.next().expect("a line").expect("text");
            line.strip_prefix(prefix).unwrap_or_else(|| panic!("{line:?}")).to_owned()
        };
        let (key, address) = (next("witness "), next("listens on "));
        Self(child, key, address)
    }
}

#[test]
fn a_checkpoint_reaches_everybody_over_the_network() {
    let scratch = tempfile::tempdir().expect("scratch");
    let data = scratch.path().join("data");
    json(&data, &["init"]);
    let key = json(&data, &["ledger", "key"])["verifier_key"].as_str().expect("a key").to_owned();
    let authority = Authority::new(Kind::Curve);
    let at = scratch.path().display();
    std::fs::write(scratch.path().join("roots.pem"), authority.root()).expect("the roots");
    std::fs::write(scratch.path().join("secret"), "hunter2").expect("the secret");
    let received = Received::default();
    let (web, mail) = (web(authority, received.clone()), mail(received.clone()));
    let witness = Witness::start(&scratch.path().join("witness"), &key);
    let witness_host = witness.2.strip_prefix("http://").expect("an address");
    let settings = |hosts: &str| {
        format!(
            "[ledger]\nallowed_hosts = [{hosts}]\n\
             [[ledger.file]]\nname = \"disk\"\nfolder = \"{at}/far\"\n\
             [[ledger.webhook]]\nname = \"hook\"\nurl = \"http://{web}/hook\"\nsecret_file = \"{at}/secret\"\n\
             [[ledger.mail]]\nname = \"box\"\nserver = \"{mail}\"\nsecurity = \"none\"\nfrom = \"a@example.org\"\n\
             to = \"b@example.org\"\n\
             [[ledger.authority]]\nname = \"tsa\"\nurl = \"http://{web}/tsa\"\nroots_file = \"{at}/roots.pem\"\n\
             [[ledger.witness]]\nurl = \"{}\"\nkey = \"{}\"\n",
            witness.2, witness.1
        )
    };
    // A host that is not on the list is refused before anything happens.
    let file = data.join("tickmark.toml");
    std::fs::write(&file, settings("")).expect("the settings");
    let refused = tickmark(&data, &["ledger", "publish"]);
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(2) && message.contains("allowed_hosts"), "{message}");

    let all = format!("\"{web}\", \"{mail}\", \"{witness_host}\"");
    std::fs::write(&file, settings(&all)).expect("the settings");
    let published = json(&data, &["ledger", "publish"]);
    assert_eq!(published["deliveries"].as_array().map(Vec::len), Some(3), "{published}");
    assert_eq!(published["witnessed"]["is_current"], true, "{published}");
    let checkpoint =
        json(&data, &["ledger", "show"])["checkpoint"].as_str().expect("a checkpoint").to_owned();
    {
        let received = received.lock().expect("lock");
        let of = |kind: &str| received.iter().find(|(path, _)| path == kind).map(|(_, body)| body.clone());
        assert_eq!(of("/hook").as_deref(), Some(checkpoint.as_bytes()));
        let letter = String::from_utf8(of("mail").expect("a mail")).expect("text");
        assert!(letter.contains("Subject: Tickmark checkpoint of"), "{letter}");
    }
    let anchored = json(&data, &["ledger", "anchor"]);
    assert!(anchored[0]["anchor"]["latest_at"].is_string(), "{anchored}");

    // A bundle says between which moments, to those who chose the authority's root.
    let bundle = scratch.path().join("bundle.zip");
    let bundle = bundle.to_str().expect("UTF-8");
    json(&data, &["bundle", "export", "--out", bundle]);
    let roots = format!("{at}/roots.pem");
    let level = |arguments: &[&str]| {
        let answer = json(&data, &[&["verify", bundle, "--key", &key], arguments].concat());
        (answer["time"]["answer"].as_str().unwrap_or_default().to_owned(), answer["time"].to_string())
    };
    let (answer, said) = level(&["--tsa-root", &roots]);
    assert!(
        answer == "proven" && said.contains("existed at") && said.contains("were written after"),
        "{said}"
    );
    assert_eq!(level(&[]).0, "not_claimed");
    let other = scratch.path().join("other.pem");
    std::fs::write(&other, Authority::new(Kind::Curve).root()).expect("another root");
    let refused =
        tickmark(&data, &["verify", bundle, "--key", &key, "--tsa-root", other.to_str().expect("UTF-8")]);
    assert_eq!(refused.status.code(), Some(1));

    // The log went on with the record of the timestamp; the witness follows it.
    let published = json(&data, &["ledger", "publish"]);
    assert_eq!(published["witnesses"][0]["problem"], Value::Null, "{published}");
    let outside = json(&data, &["ledger", "outside"]);
    assert_eq!(outside["cosignatures"].as_array().map(Vec::len), Some(2), "{outside}");

    // Redirections are not followed.
    let before = received.lock().expect("lock").len();
    let moved = settings(&all).replace(&format!("http://{web}/hook"), &format!("http://{web}/moved"));
    std::fs::write(&file, moved).expect("the settings");
    json(&data, &["assess", "snapshot", "--by", "Robin Example"]);
    let failed = tickmark(&data, &["ledger", "publish"]);
    let said = String::from_utf8_lossy(&failed.stdout).into_owned();
    assert!(failed.status.code() == Some(1) && said.contains("status 302"), "{said}");
    let paths: Vec<String> =
        received.lock().expect("lock")[before..].iter().map(|(path, _)| path.clone()).collect();
    assert!(paths.contains(&"/moved".to_owned()) && !paths.contains(&"/hook".to_owned()), "{paths:?}");

    // A witness that is gone stops nothing.
    drop(witness);
    json(&data, &["assess", "snapshot", "--by", "Robin Example"]);
    let failed = tickmark(&data, &["ledger", "publish"]);
    let said = String::from_utf8_lossy(&failed.stdout).into_owned();
    assert!(failed.status.code() == Some(1) && said.contains("unwitnessed"), "{said}");
}

/// `tickmark serve` at work; it ends with the test.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn serve_publishes_by_itself_and_leaves_the_folder_to_others() {
    let scratch = tempfile::tempdir().expect("scratch");
    let data = scratch.path().join("data");
    json(&data, &["init"]);
    let checkpoint = json(&data, &["ledger", "show"])["checkpoint"].as_str().expect("text").to_owned();
    std::fs::write(scratch.path().join("secret"), "hunter2").expect("the secret");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let host = listener.local_addr().expect("an address").to_string();
    let settings = format!(
        "[ledger]\nallowed_hosts = [\"{host}\"]\n[[ledger.webhook]]\nname = \"hook\"\nurl = \"http://{host}/hook\"\n\
         secret_file = \"{}/secret\"\n",
        scratch.path().display()
    );
    std::fs::write(data.join("tickmark.toml"), settings).expect("the settings");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tickmark"));
    command.arg("--data").arg(&data).args(["serve", "--port", "0"]).env_remove("TICKMARK_DATABASE_URL");
    let _serving = Serving(command.stdout(Stdio::null()).spawn().expect("the binary runs"));
    let (stream, _) = listener.accept().expect("a request");
    let received = Received::default();
    answer(stream, &Authority::new(Kind::Curve), &received).expect("answered");
    // Before the first one leaves, an entry says that they do.
    let came = received.lock().expect("lock").clone();
    let text = String::from_utf8(came[0].1.clone()).expect("text");
    let (lines, before): (Vec<&str>, Vec<&str>) = (text.lines().collect(), checkpoint.lines().collect());
    assert_eq!((came.len(), came[0].0.as_str(), lines[0]), (1, "/hook", before[0]));
    let size = |lines: &[&str]| lines[1].parse::<u64>().expect("a size");
    assert_eq!(size(&lines), size(&before) + 1);
    // What was delivered is written down before the folder is closed again; from then on others may write.
    let delivered = || json(&data, &["ledger", "outside"])["deliveries"][0]["delivered_at"].is_string();
    assert!((0..300).any(|_| delivered()), "it was not written down");
    let writes = || tickmark(&data, &["assess", "snapshot", "--by", "Robin Example"]).status.success();
    assert!((0..300).any(|_| writes()), "nobody else may write");
}
