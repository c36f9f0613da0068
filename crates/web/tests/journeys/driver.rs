//! A real browser, as far as the journeys need one: Chromium, driven by chromedriver over W3C WebDriver.
//!
//! WebDriver is HTTP with JSON, so a client of a few dozen lines does, and nothing is compiled for it. Passkeys are of the
//! virtual authenticator of WebAuthn Level 3, section 11. Two windows are open at a time, whatever number of tests run: a
//! page is drawn by one core. It is seen on the screen when `TICKMARK_SEE_BROWSER` is set.
//!
//! Source: W3C WebDriver 2; <https://www.w3.org/TR/webauthn-3/#sctn-automation>.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long somebody waits for a page before they give up.
const PATIENCE: Duration = Duration::from_secs(30);
/// Presses of the tab key after which something cannot be reached.
const TAB_LIMIT: usize = 200;
/// What WebDriver calls keys.
pub(crate) const TAB: &str = "\u{E004}";
pub(crate) const ENTER: &str = "\u{E007}";
pub(crate) const ESCAPE: &str = "\u{E00C}";
pub(crate) const DOWN: &str = "\u{E015}";
pub(crate) const CONTROL: &str = "\u{E009}";
/// The name of an element in answers of WebDriver.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Windows that are open at a time.
pub(crate) const WINDOWS: usize = 2;
/// How many are open.
static OPEN: Mutex<usize> = Mutex::new(0);
/// Told when one of them is closed.
static CLOSED: Condvar = Condvar::new();

/// The place of an open window, free again when dropped.
struct Place;

impl Place {
    /// Waits until there is one.
    fn take() -> Self {
        let open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        let free = CLOSED.wait_while(open, |open| *open >= WINDOWS);
        *free.unwrap_or_else(PoisonError::into_inner) += 1;
        Self
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *OPEN.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        CLOSED.notify_one();
    }
}

/// A window with a profile of its own; gone when dropped.
pub(crate) struct Window {
    driver: Child,
    agent: ureq::Agent,
    session: String,
    /// Where the server is: requests to anywhere else are refused.
    home: String,
    _place: Place,
}

/// A driver that listens, and its port; nothing if it ended before.
fn started() -> Option<(Child, String)> {
    let mut driver = Command::new("chromedriver")
        .args(["--port=0", "--log-level=SEVERE"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is needed: scripts/install-test-needs");
    let lines = BufReader::new(driver.stdout.take().expect("piped")).lines();
    let line = lines.map(|line| line.expect("text")).find(|line| line.contains("started successfully"));
    let Some(line) = line else {
        driver.wait().expect("it ended");
        return None;
    };
    let port = line.trim_end_matches('.').rsplit(' ').next().expect("a port").to_owned();
    Some((driver, port))
}

impl Window {
    /// Opens a window of a desk's size. `home` is scheme, host and port of the server.
    #[expect(clippy::disallowed_methods, reason = "whoever runs the tests chooses whether to look on")]
    pub(crate) fn open(home: &str) -> Self {
        let place = Place::take();
        // The port that it finds free may be taken before it listens there; it ends then.
        let (driver, port) = (0..3).find_map(|_| started()).expect("chromedriver starts");
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(120)))
            .build();
        let mut window = Self {
            driver,
            agent: config.into(),
            session: format!("http://127.0.0.1:{port}/session"),
            home: home.to_owned(),
            _place: place,
        };
        let is_seen = std::env::var_os("TICKMARK_SEE_BROWSER").is_some();
        let arguments = [
            if is_seen { "--start-maximized" } else { "--headless=new" },
            // Nobody but this machine is asked, whatever a page or the browser itself wants.
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-features=PasswordManagerOnboarding,PasswordLeakDetection",
            "--window-size=1280,900",
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "webauthn:virtualAuthenticators": true,
        }}});
        let made = window.call("POST", "", &wanted).expect("a session");
        window.session = format!("{}/{}", window.session, made["sessionId"].as_str().expect("an id"));
        window
    }

    /// Gives the window a device that holds passkeys, and whose owner is always there.
    pub(crate) fn with_passkeys(self) -> Self {
        let device = json!({
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserConsenting": true, "isUserVerified": true,
        });
        self.call("POST", "/webauthn/authenticator", &device).expect("a virtual authenticator");
        self
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let url = format!("{}{path}", self.session);
        let answer = if method == "DELETE" {
            self.agent.delete(&url).call()
        } else {
            self.agent.post(&url).content_type("application/json").send(body.to_string())
        };
        let mut answer = answer.map_err(|error| error.to_string())?;
        let text = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
        let mut answer: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        let value = answer["value"].take();
        match value["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", value["message"].as_str().unwrap_or_default())),
            None => Ok(value),
        }
    }

    /// Says something to the browser behind WebDriver.
    pub(crate) fn devtools(&self, command: &str, parameters: Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.call("POST", "/goog/cdp/execute", &body).unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Whoever sits here goes, and somebody else comes: with these cookies, and no others.
    pub(crate) fn hand_over(&self, cookies: &[(String, String)]) {
        self.devtools("Network.clearBrowserCookies", json!({}));
        for (name, value) in cookies {
            let cookie = json!({"name": name, "value": value, "url": self.home, "httpOnly": true});
            self.devtools("Network.setCookie", cookie);
        }
    }

    /// The cookies that the window has, by name.
    pub(crate) fn cookies(&self) -> Vec<(String, String)> {
        let found = self.devtools("Network.getCookies", json!({"urls": [self.home]}));
        let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
        let cookies = found["cookies"].as_array().into_iter().flatten();
        cookies.map(|one| (text(one, "name"), text(one, "value"))).collect()
    }

    /// Switches script off, or on again, for the pages that come.
    pub(crate) fn set_script(&self, is_on: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({"value": !is_on}));
    }

    /// Goes to an address of the server.
    pub(crate) fn go(&self, path: &str) {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.home) };
        self.call("POST", "/url", &json!({"url": url})).unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// Runs script in the page, as the body of a function.
    pub(crate) fn run(&self, script: &str, arguments: Value) -> Result<Value, String> {
        self.call("POST", "/execute/sync", &json!({"script": script, "args": arguments}))
    }

    /// The same for script that answers later, by its last argument.
    pub(crate) fn run_async(&self, script: &str, arguments: Value) -> Result<Value, String> {
        self.call("POST", "/execute/async", &json!({"script": script, "args": arguments}))
    }

    /// Path and query of the page.
    pub(crate) fn here(&self) -> String {
        let here = self.run("return location.pathname + location.search", json!([])).expect("an address");
        here.as_str().unwrap_or_default().to_owned()
    }

    /// What the page says.
    pub(crate) fn text(&self) -> String {
        let text = self.run("return document.body.innerText", json!([])).expect("text");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until `script`, the body of a function, gives something; looks again whenever the page changes.
    fn wait(&self, what: &str, script: &str, arguments: Value) -> Value {
        self.wait_for(PATIENCE, what, script, arguments)
    }

    fn wait_for(&self, patience: Duration, what: &str, script: &str, arguments: Value) -> Value {
        const WATCH: &str = "const done = arguments[arguments.length - 1];
            const of = new Function(...['SCRIPT']);
            const look = () => { const found = of(...arguments); if (found) { end(found); return true; } return false; };
            const end = (found) => { watch.disconnect(); clearTimeout(late); done(found); };
            const watch = new MutationObserver(look);
            const late = setTimeout(() => end(null), 1000);
            if (!look()) watch.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});";
        // A new function from text is code from text, which the policy of our pages refuses; so the text is put in here.
        let watch = WATCH.replace("new Function(...['SCRIPT'])", &format!("function () {{ {script} }}"));
        let begun = Instant::now();
        loop {
            // Most is there at once; without script nothing else is to be had.
            if let Ok(found) = self.run(script, arguments.clone())
                && !found.is_null()
            {
                return found;
            }
            // The page may go away while it is looked at; then the next one is.
            if let Ok(found) = self.run_async(&watch, arguments.clone())
                && !found.is_null()
            {
                return found;
            }
            assert!(begun.elapsed() < patience, "no {what} at {}:\n{}", self.here(), self.text());
        }
    }

    /// Waits until a script gives something.
    pub(crate) fn until(&self, what: &str, script: &str) {
        self.wait(what, script, json!([]));
    }

    /// Waits until the page says something.
    pub(crate) fn see(&self, words: &str) {
        self.see_in(PATIENCE, words);
    }

    /// The same for what takes longer than people wait at a page.
    pub(crate) fn see_in(&self, patience: Duration, words: &str) {
        let script = "return document.body?.innerText.replace(/\\s+/g, ' ').includes(arguments[0]) || null";
        self.wait_for(patience, &format!("{words:?}"), script, json!([words]));
    }

    /// Waits until the page is another one.
    pub(crate) fn see_page(&self, title: &str) {
        let script = "return document.readyState === 'complete' && [...document.querySelectorAll('h1')].some((one) => one.innerText.trim().includes(arguments[0])) || null";
        self.wait(&format!("page {title:?}"), script, json!([title]));
    }

    /// Tells whether the page says something at this moment.
    pub(crate) fn says(&self, words: &str) -> bool {
        self.text().split_whitespace().collect::<Vec<_>>().join(" ").contains(words)
    }

    /// A button or link that people see, by its words; the first inside what has `within` as its heading, if that is not
    /// empty.
    fn pressable(&self, words: &str, within: &str) -> String {
        let script = "
            const is = (one) => one.getClientRects().length > 0 && !one.disabled;
            const said = (one) => (one.getAttribute('aria-label') || one.innerText || one.value || '').replace(/\\s+/g, ' ').trim();
            let places = [document];
            if (arguments[1]) places = [...document.querySelectorAll('section, article, form, tr, li, fieldset, details')]
                .filter((one) => one.innerText.replace(/\\s+/g, ' ').includes(arguments[1])).reverse();
            for (const fits of [(words) => words === arguments[0], (words) => words.startsWith(arguments[0])])
                for (const place of places) for (const part of ['main a, main button, main summary', 'a, button, summary'])
                    for (const one of place.querySelectorAll(part)) if (is(one) && fits(said(one))) return one;
            return null";
        let found = self.wait(&format!("button or link {words:?} {within}"), script, json!([words, within]));
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    /// A field, by its label.
    fn labelled(&self, label: &str) -> String {
        let script = "
            const said = (one) => one.innerText.replace(/\\s+/g, ' ').replace(/ optional$/, '').trim();
            const all = [...document.querySelectorAll('label')];
            const one = all.find((one) => said(one) === arguments[0]) || all.find((one) => said(one).startsWith(arguments[0]));
            return one && (one.control || one.querySelector('input, select, textarea')) || null";
        let found = self.wait(&format!("field {label:?}"), script, json!([label]));
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    fn element(&self, id: &str, act: &str, body: Value) {
        self.call("POST", &format!("/element/{id}/{act}"), &body)
            .unwrap_or_else(|error| panic!("{act} at {}: {error}\n{}", self.here(), self.text()));
    }

    /// Presses a button or follows a link.
    pub(crate) fn press(&self, words: &str) {
        self.press_in("", words);
    }

    /// The same in the part of the page that says `within`.
    pub(crate) fn press_in(&self, within: &str, words: &str) {
        let id = self.pressable(words, within);
        self.element(&id, "click", json!({}));
    }

    /// Types into a field, in place of what stands there.
    pub(crate) fn fill(&self, label: &str, text: &str) {
        let id = self.labelled(label);
        self.element(&id, "clear", json!({}));
        self.element(&id, "value", json!({"text": text}));
    }

    /// Puts files into a field.
    pub(crate) fn attach(&self, label: &str, path: &std::path::Path) {
        let id = self.labelled(label);
        self.element(&id, "value", json!({"text": path.to_str().expect("UTF-8")}));
    }

    /// Sets a field without keys, as for dates: how they are typed depends on the language.
    pub(crate) fn set(&self, label: &str, value: &str) {
        let id = self.labelled(label);
        let script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change', {bubbles: true}))";
        self.run(script, json!([{ELEMENT: id}, value])).expect("set");
    }

    /// Chooses what is called so, or begins so, in a list.
    pub(crate) fn choose(&self, label: &str, words: &str) {
        let id = self.labelled(label);
        let script = "
            const one = [...arguments[0].options].find((one) => one.text.replace(/\\s+/g, ' ').trim().startsWith(arguments[1]));
            if (!one) return [...arguments[0].options].map((one) => one.text).join(', ');
            arguments[0].value = one.value;
            arguments[0].dispatchEvent(new Event('change', {bubbles: true}));
            return null";
        let others = self.run(script, json!([{ELEMENT: id}, words])).expect("chosen");
        assert!(others.is_null(), "no {words:?} in {label:?}, but {others}");
    }

    /// Ticks a box.
    pub(crate) fn tick(&self, label: &str) {
        let id = self.labelled(label);
        self.element(&id, "click", json!({}));
    }

    /// Presses keys, one after another.
    pub(crate) fn keys(&self, keys: &str) {
        let mut actions = Vec::new();
        for key in keys.chars().map(String::from) {
            actions.push(json!({"type": "keyDown", "value": key}));
            actions.push(json!({"type": "keyUp", "value": key}));
        }
        self.act(actions);
    }

    /// Presses a key while another one is held.
    pub(crate) fn chord(&self, held: &str, key: &str) {
        self.act(vec![
            json!({"type": "keyDown", "value": held}),
            json!({"type": "keyDown", "value": key}),
            json!({"type": "keyUp", "value": key}),
            json!({"type": "keyUp", "value": held}),
        ]);
    }

    fn act(&self, actions: Vec<Value>) {
        let body = json!({"actions": [{"type": "key", "id": "keyboard", "actions": actions}]});
        self.call("POST", "/actions", &body).expect("keys");
    }

    /// Presses the pointer at one part of what `selector` finds first and lets it go at another; parts are of its width,
    /// from 0 to 1. The same part twice is a click.
    pub(crate) fn draw(&self, selector: &str, from: f64, to: f64) {
        let script = "
            const one = document.querySelector(arguments[0]);
            one.scrollIntoView({block: 'center', behavior: 'instant'});
            const box = one.getBoundingClientRect();
            return [box.left, box.top + box.height / 2, box.width]";
        let found = self.run(script, json!([selector])).expect("a place");
        let number = |at: usize| found[at].as_f64().expect("a number");
        let at = |part: f64| (number(0) + part * number(2)).round();
        let y = number(1).round();
        let go = |x: f64| json!({"type": "pointerMove", "duration": 0, "x": x, "y": y});
        let mut actions = vec![go(at(from)), json!({"type": "pointerDown", "button": 0})];
        if from < to {
            actions.extend([go(at(f64::midpoint(from, to))), go(at(to))]);
        }
        actions.push(json!({"type": "pointerUp", "button": 0}));
        let body = json!({"actions": [{
            "type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions,
        }]});
        self.call("POST", "/actions", &body).expect("a pointer");
    }

    /// What has the focus is called so.
    pub(crate) fn focused(&self) -> String {
        let script = "const one = document.activeElement;
            return (one.getAttribute('aria-label') || one.labels?.[0]?.innerText || one.innerText || '').replace(/\\s+/g, ' ').trim()";
        self.run(script, json!([])).expect("the focus").as_str().unwrap_or_default().to_owned()
    }

    /// Goes on with the tab key until the focus is on what is called so, or begins so; everything on the way must show that it has it.
    pub(crate) fn tab_to(&self, name: &str) {
        const FOCUSED: &str = "
            const one = document.activeElement;
            if (!one || one === document.body) return ['', true];
            const style = getComputedStyle(one);
            // Of the parts of a date the browser shows itself which one it is.
            const parts = one.matches('input[type=date]');
            const shows = parts || one.matches(':focus-visible') && (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== 'none');
            const words = one.getAttribute('aria-label') || one.labels?.[0]?.innerText || one.innerText || one.value || '';
            return [words.replace(/\\s+/g, ' ').trim(), shows]";
        let mut passed = Vec::new();
        for _ in 0..TAB_LIMIT {
            self.keys(TAB);
            let found = self.run(FOCUSED, json!([])).expect("the focus");
            let (words, shows) = (found[0].as_str().unwrap_or_default(), found[1] == true);
            assert!(shows, "the focus on {words:?} at {} cannot be seen", self.here());
            if words.starts_with(name) {
                return;
            }
            passed.push(words.to_owned());
        }
        panic!("{name:?} at {} is not reached with the tab key: {passed:?}", self.here());
    }

    /// Types over what stands in the field that has the focus.
    pub(crate) fn type_over(&self, text: &str) {
        self.chord(CONTROL, "a");
        self.keys(text);
    }

    /// Asserts that nothing went to the console as an error and nothing was asked of anybody else.
    pub(crate) fn assert_quiet(&self) {
        let noise = self.noise();
        assert!(noise.is_empty(), "{noise:#?}");
    }

    /// What went to the console as a warning or an error, and what was asked of anybody else, since it was last asked for.
    pub(crate) fn noise(&self) -> Vec<String> {
        let log = |kind: &str| {
            let entries = self.call("POST", "/se/log", &json!({"type": kind})).expect("a log");
            entries.as_array().cloned().unwrap_or_default()
        };
        let mut noise: Vec<String> = log("browser")
            .into_iter()
            .filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING")
            .map(|entry| format!("the console says {}", entry["message"]))
            .collect();
        for entry in log("performance") {
            let message: Value =
                serde_json::from_str(entry["message"].as_str().unwrap_or_default()).expect("an event");
            let event = &message["message"];
            if event["method"] != "Network.requestWillBeSent" {
                continue;
            }
            let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
            let is_ours = url == self.home || url.starts_with(&format!("{}/", self.home));
            let is_inside = ["data:", "blob:", "about:", "chrome"].iter().any(|start| url.starts_with(start));
            if !is_ours && !is_inside {
                noise.push(format!("the page asks {url}"));
            }
        }
        noise
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.call("DELETE", "", &Value::Null);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
