//! From nothing to the first answer, and what sitting there costs: `cargo bench -p tickmark`.
//!
//! Prints each figure with its ratio to the budget; asserts nothing, because times move with the machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const STARTS: usize = 15;
const REQUESTS: usize = 200;
const PAGES: [&str; 7] =
    ["/", "/criteria", "/controls", "/controls/NET-01", "/checks", "/targets/1", "/ledger"];

fn main() {
    let scratch = tempfile::tempdir().expect("scratch");
    let data = scratch.path().join("data");
    let begun = Instant::now();
    run(&data, &["quickstart", "--no-serve", "--no-updates", "--no-walk"]);
    println!("quickstart without updates and file walk: {:.0} ms", ms(begun.elapsed()));
    let begun = Instant::now();
    run(&data, &["collect", "--no-updates", "--no-walk"]);
    println!("collect again, nothing changed:           {:.0} ms", ms(begun.elapsed()));

    let mut starts: Vec<Duration> = (0..STARTS)
        .map(|_| {
            let begun = Instant::now();
            run(&data, &["status", "--json"]);
            begun.elapsed()
        })
        .collect();
    starts.sort_unstable();
    print("cold start to first answer (status), median", ms(starts[STARTS / 2]), 150.0, "ms");

    let mut server = Server::start(&data);
    print("idle memory of the server", server.memory_mb(), 60.0, "MB");
    for page in PAGES {
        let mut times: Vec<Duration> = (0..REQUESTS)
            .map(|_| {
                let begun = Instant::now();
                let answer = server.get(page);
                assert!(answer.starts_with("HTTP/1.1 200"), "{page}");
                begun.elapsed()
            })
            .collect();
        times.sort_unstable();
        print(&format!("page {page}, p99 of {REQUESTS}"), ms(times[REQUESTS * 99 / 100]), 10.0, "ms");
    }
    print("memory of the server after that", server.memory_mb(), 60.0, "MB");
    server.child.kill().expect("stopped");
    server.child.wait().expect("ended");
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn print(what: &str, value: f64, budget: f64, unit: &str) {
    println!("{what:<48} {value:>8.1} {unit}, {:.2} of the budget of {budget} {unit}", value / budget);
}

fn command(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tickmark"));
    command.arg("--data").arg(data).arg("--quiet").args(arguments).stdout(Stdio::piped());
    command
}

fn run(data: &Path, arguments: &[&str]) {
    let output = command(data, arguments).output().expect("the binary runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

struct Server {
    child: Child,
    host: String,
    cookie: String,
}

impl Server {
    fn start(data: &Path) -> Self {
        let mut child = command(data, &["serve", "--port", "0"]).spawn().expect("started");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let link =
            lines.map(|line| line.expect("text")).find(|line| line.contains("http://")).expect("a link");
        let address = link.split("http://").nth(1).expect("address").trim().to_owned();
        let (host, path) = address.split_once('/').expect("path");
        let mut server = Self { child, host: host.to_owned(), cookie: String::new() };
        let entered = server.get(&format!("/{path}"));
        let cookie = entered.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
        server.cookie = cookie.split(';').next().expect("name and value").to_owned();
        server
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.host).expect("connected");
        let (host, cookie) = (&self.host, &self.cookie);
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n"
        )
        .expect("asked");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("answered");
        String::from_utf8_lossy(&answer).into_owned()
    }

    fn memory_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("Linux");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("resident size");
        line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).expect("a number") / 1024.0
    }
}
