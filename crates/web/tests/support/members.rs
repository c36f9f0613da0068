//! People who sign in: a server with accounts, and browsers that keep their cookies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::header::{COOKIE, HOST, SET_COOKIE};
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use tickmark_app::identity::people;
use tickmark_app::testing::World;
use tickmark_app::{Actor, App};
use tickmark_core::Digest;
use tickmark_core::catalog::Catalog;
use tickmark_core::identity::Role;
use tickmark_core::identity::totp::{STEP_SECONDS, Seed};
use tickmark_web::{Pages, Settings, Source, WebState, router};
use tower::ServiceExt;

use crate::answer::{Answer, HOST_NAME};

/// A server with accounts, over an empty data folder.
pub(crate) struct Server {
    pub(crate) world: World,
    pub(crate) app: Arc<App>,
    pub(crate) program: Actor,
    pub(crate) router: Router,
    pub(crate) state: WebState,
}

/// A browser that keeps its cookies.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) router: Router,
    pub(crate) host: &'static str,
    pub(crate) cookies: BTreeMap<String, String>,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_at(Settings::loopback(8143)).await
    }

    pub(crate) async fn start_at(settings: Settings) -> Self {
        let world = World::sqlite();
        let (app, program) = world.start().await;
        Self::over(world, app, program, settings)
    }

    /// A server over a program that was started already.
    pub(crate) fn over(world: World, app: App, program: Actor, settings: Settings) -> Self {
        let app = Arc::new(app);
        let out = app.folder().out();
        let source = Source::live(Pages {
            app: Arc::clone(&app),
            actor: program.clone(),
            catalog: Catalog::builtin(),
            check_tests: BTreeMap::new(),
            out,
        });
        let (clock, count) = (Arc::clone(&app), AtomicU64::new(0));
        let random = move || Digest::of(&count.fetch_add(1, Ordering::SeqCst).to_be_bytes()).0;
        let state = WebState::with_accounts(source, settings, Arc::clone(&app), move || clock.now(), random);
        Self { world, app, program, router: router(state.clone()), state }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser {
            router: self.router.clone(),
            host: HOST_NAME,
            cookies: BTreeMap::new(),
            headers: Vec::new(),
        }
    }

    pub(crate) async fn set_up_link(&self) -> String {
        let link = self.app.transact(&self.program, async |cx| people::offer_set_up(cx).await).await;
        format!("/join/{}", link.expect("offered").expect("nobody is here").text())
    }

    pub(crate) fn code(&self, seed: &Seed) -> String {
        seed.code(self.app.now().seconds().div_euclid(STEP_SECONDS))
    }

    /// A browser in which somebody who is a member signs in anew.
    pub(crate) async fn signed_in(&self, account: &tickmark_app::testing::Account) -> Browser {
        self.world.wait(STEP_SECONDS);
        let mut browser = self.browser();
        let code = self.code(&account.seed);
        let answer = browser.sign_in(&account.email, &account.password, &code).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        browser
    }

    /// A browser in which a new member with this role is signed in.
    pub(crate) async fn member(
        &self,
        name: &str,
        roles: &[Role],
    ) -> (Browser, tickmark_app::testing::Account) {
        let account = self.world.member(&self.app, &self.program, name, roles).await;
        (self.signed_in(&account).await, account)
    }
}

impl Browser {
    pub(crate) async fn ask(&mut self, method: Method, path: &str, body: &str) -> Answer {
        let kind = (method == Method::POST).then_some("application/x-www-form-urlencoded");
        self.bring(method, path, kind, Body::from(body.to_owned())).await
    }

    /// Sends a form with files as the page at `page` has it: fields in order, then files as (name, bytes).
    pub(crate) async fn upload(
        &mut self,
        page: &str,
        path: &str,
        fields: &[(&str, &str)],
        files: &[(&str, &[u8])],
    ) -> Answer {
        let token = token(self.get(page).await.text());
        let body = multipart(&token, fields, files);
        self.bring(Method::POST, path, Some(MULTIPART), Body::from(body)).await
    }

    /// Sends a body of a kind.
    pub(crate) async fn bring(
        &mut self,
        method: Method,
        path: &str,
        kind: Option<&str>,
        body: Body,
    ) -> Answer {
        let mut request = Request::builder().method(&method).uri(path).header(HOST, self.host);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if !self.cookies.is_empty() {
            let all: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, all.join("; "));
        }
        let request = request.body(body).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(SET_COOKIE) {
            let text = cookie.to_str().expect("text");
            let (name, rest) = text.split_once('=').expect("a pair");
            let value = rest.split(';').next().unwrap_or_default();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let bytes = body.collect().await.expect("a body").to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.ask(Method::GET, path, "").await
    }

    /// Sends a form as the page at `page` has it.
    pub(crate) async fn send(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = token(self.get(page).await.text());
        self.post(path, &token, fields).await
    }

    pub(crate) async fn post(&mut self, path: &str, token: &str, fields: &[(&str, &str)]) -> Answer {
        let mut body = format!("form={}", encode(token));
        for (name, value) in fields {
            body.push_str(&format!("&{name}={}", encode(value)));
        }
        self.ask(Method::POST, path, &body).await
    }

    pub(crate) async fn sign_in(&mut self, email: &str, password: &str, code: &str) -> Answer {
        let fields = [("email", email), ("password", password), ("code", code)];
        self.send("/sign-in", "/sign-in", &fields).await
    }
}

pub(crate) fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The kind of [`multipart`] bodies.
pub(crate) const MULTIPART: &str = "multipart/form-data; boundary=tickmarkboundary";

/// A form with files as a browser writes it.
pub(crate) fn multipart(token: &str, fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    let head = "--tickmarkboundary\r\nContent-Disposition: form-data; name=";
    for (name, value) in [("form", token)].iter().chain(fields) {
        body.extend_from_slice(format!("{head}\"{name}\"\r\n\r\n{value}\r\n").as_bytes());
    }
    for (name, bytes) in files {
        let type_line = "Content-Type: application/octet-stream";
        body.extend_from_slice(
            format!("{head}\"files\"; filename=\"{name}\"\r\n{type_line}\r\n\r\n").as_bytes(),
        );
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--tickmarkboundary--\r\n");
    body
}

/// The token in the first form of a page.
pub(crate) fn token(page: &str) -> String {
    let mark = "name=\"form\" value=\"";
    let rest = page.split_once(mark).map(|(_, rest)| rest).unwrap_or_else(|| panic!("no form: {page}"));
    rest[..rest.find('"').expect("an end")].to_owned()
}

/// The value of a hidden field of a page, as it is written there.
pub(crate) fn hidden<'a>(page: &'a str, name: &str) -> &'a str {
    let mark = format!("name=\"{name}\" value=\"");
    let at = page.find(&mark).unwrap_or_else(|| panic!("no {name}: {page}")) + mark.len();
    &page[at..at + page[at..].find('"').expect("an end")]
}

/// Reads 32 bytes of hexadecimal digits.
pub(crate) fn hex_32(text: &str) -> [u8; 32] {
    let bytes: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hex")).collect();
    bytes.try_into().expect("32 bytes")
}
