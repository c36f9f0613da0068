//! A page as it is seen: in a width and a theme, with what axe-core finds, how far it shifted, and what it weighs.
//!
//! axe-core comes in by WebDriver, past the policy of our pages, which lets no page have it. `scripts/install-test-needs`
//! installs it.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use serde_json::{Value, json};

use crate::driver::Window;

/// The version that is installed.
const VERSION: &str = "4.14.1";
/// What is looked for everywhere: WCAG 2.2, levels A and AA.
const TAGS: [&str; 5] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
/// What another theme can change.
const COLORS: [&str; 2] = ["color-contrast", "link-in-text-block"];
/// Least distance between two things that stand under each other, in pixels.
const LEAST_GAP: u32 = 6;
/// Most of a page that a picture shows, in pixels.
const PICTURE_HEIGHT: f64 = 2600.0;

/// How wide a page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    Desk,
    Phone,
}

impl Width {
    pub(crate) const ALL: [Self; 2] = [Self::Desk, Self::Phone];

    /// Pixels: width and height.
    pub(crate) fn pixels(self) -> (u32, u32) {
        match self {
            Self::Desk => (1280, 900),
            Self::Phone => (390, 844),
        }
    }
}

/// Colors that a browser asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colors {
    Light,
    Dark,
}

impl Colors {
    pub(crate) const ALL: [Self; 2] = [Self::Light, Self::Dark];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// Something against WCAG.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    pub(crate) rule: String,
    pub(crate) target: String,
    pub(crate) summary: String,
}

/// What a page did while it was loaded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loaded {
    /// Cumulative layout shift.
    pub(crate) shift: f64,
    /// Bytes over the wire, nothing cached: the document and all that it asks for.
    pub(crate) bytes: u64,
}

#[expect(
    clippy::disallowed_methods,
    reason = "where tools of tests are installed is said by the environment"
)]
fn axe_path() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
    cache.expect("a home").join(format!("tickmark-test/axe-core-{VERSION}/axe.min.js"))
}

/// Reads axe-core.
pub(crate) fn axe() -> String {
    let path = axe_path();
    std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}: scripts/install-test-needs installs it", path.display()))
}

impl Window {
    /// Shows pages in this width from now on.
    pub(crate) fn set_width(&self, width: Width) {
        let (width, height) = width.pixels();
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// Asks pages for these colors from now on; the page that is there changes them.
    pub(crate) fn set_colors(&self, colors: Colors) {
        let features = json!([
            {"name": "prefers-color-scheme", "value": colors.word()},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// Waits until the page has its fonts and has settled, and tells how it got there.
    pub(crate) fn loaded(&self) -> Loaded {
        let script = "
            const done = arguments[arguments.length - 1];
            const frame = () => new Promise((next) => requestAnimationFrame(() => setTimeout(next, 0)));
            (async () => {
                await document.fonts.ready;
                let shift = 0;
                const add = (entries) => { for (const one of entries) if (!one.hadRecentInput) shift += one.value; };
                const watch = new PerformanceObserver((list) => add(list.getEntries()));
                watch.observe({type: 'layout-shift', buffered: true});
                await frame();
                await frame();
                add(watch.takeRecords());
                watch.disconnect();
                const all = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
                const bytes = all.reduce((sum, one) => sum + one.encodedBodySize, 0);
                done([shift, bytes]);
            })();";
        let found = self.run_async(script, json!([])).expect("a page that settles");
        Loaded { shift: found[0].as_f64().expect("a number"), bytes: found[1].as_u64().expect("a size") }
    }

    /// How far the page can be scrolled sideways, and what sticks out.
    pub(crate) fn sticks_out(&self) -> Option<String> {
        let script = "
            const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
            if (wide <= 0) return null;
            const edge = document.documentElement.clientWidth;
            const held = (one) => { for (let up = one.parentElement; up; up = up.parentElement)
                if (getComputedStyle(up).overflowX !== 'visible') return true; return false; };
            const out = [...document.body.querySelectorAll('*')].filter((one) => one.getBoundingClientRect().right > edge + 0.5 && !held(one));
            const name = (one) => one.tagName.toLowerCase() + [...one.classList].map((word) => '.' + word).join('');
            return wide + ' px: ' + out.slice(-3).map((one) => name(one) + ' ' + one.textContent.trim().slice(0, 40)).join(' | ');";
        self.run(script, json!([])).expect("a page").as_str().map(str::to_owned)
    }

    /// What of a day in a calendar runs over the next one.
    pub(crate) fn runs_over(&self) -> Option<String> {
        let script = "
            for (const day of document.querySelectorAll('table.cal td')) {
                const edge = day.getBoundingClientRect().right + 0.5;
                for (const line of day.querySelectorAll('li a')) if (line.getBoundingClientRect().right > edge) return line.textContent.trim();
            }
            return null;";
        self.run(script, json!([])).expect("a page").as_str().map(str::to_owned)
    }

    /// What stands under something else without a distance: paragraphs, forms and what is folded, on the page, in its sections
    /// and in what is said where nothing is. Lists and tables stand on the rule of their heading.
    pub(crate) fn crowded(&self) -> Vec<String> {
        let script = r"
            const name = (one) => one.tagName.toLowerCase() + [...one.classList].map((word) => '.' + word).join('');
            const is_seen = (one) => {
                const [style, box] = [getComputedStyle(one), one.getBoundingClientRect()];
                return box.height > 0 && box.width > 1 && style.position !== 'absolute';
            };
            const found = new Set();
            for (const all of document.querySelectorAll('main, main section, main .empty, main .columns > div, main .stack, main .narrow, main form.card')) {
                const kids = [...all.children].filter(is_seen);
                for (const [at, under] of kids.entries()) {
                    const over = kids[at - 1];
                    if (!over || over.matches('.block-head, .page-head, nav, h1, h2, h3, h4') || under.matches('.table-wrap, .table-foot, dl, ul, ol, .strip, .legend, .board, .filters')) continue;
                    const [above, below] = [over.getBoundingClientRect(), under.getBoundingClientRect()];
                    if (below.left >= above.right - 1 || below.top < above.top + 1) continue;
                    const [first, second] = [getComputedStyle(over), getComputedStyle(under)];
                    const inside = first.borderBottomWidth === '0px' ? parseFloat(first.paddingBottom) : 0;
                    const gap = below.top - above.bottom + inside + parseFloat(second.paddingTop);
                    if (gap < arguments[0]) found.add(`${name(all)} > ${name(over)} + ${name(under)}: ${Math.round(gap)} px`);
                }
            }
            return [...found];";
        let found = self.run(script, json!([LEAST_GAP])).expect("a page");
        let words = |one: &Value| one.as_str().map(str::to_owned);
        found.as_array().map(|all| all.iter().filter_map(words).collect()).unwrap_or_default()
    }

    /// Opens what is folded, so that it is looked at too.
    pub(crate) fn unfold(&self) {
        self.run("for (const one of document.querySelectorAll('details')) one.open = true", json!([]))
            .expect("a page");
    }

    /// What is wrong with the page by WCAG; only its colors if `is_repainted`.
    pub(crate) fn violations(&self, axe: &str, is_repainted: bool) -> Vec<Violation> {
        let is_there = self.run("return typeof axe === 'object'", json!([])).expect("a page");
        if is_there != json!(true) {
            self.run(axe, json!([])).expect("axe-core loads");
        }
        let only = if is_repainted {
            json!({"type": "rule", "values": COLORS})
        } else {
            json!({"type": "tag", "values": TAGS})
        };
        let mut options = json!({"runOnly": only, "resultTypes": ["violations"], "preload": false});
        if !is_repainted {
            options["rules"] = json!({"target-size": {"enabled": true}});
        }
        let script = "
            const done = arguments[arguments.length - 1];
            const said = (rule, node) => ({rule: rule.id, target: node.target.join(' '), summary: node.failureSummary || rule.help});
            axe.run(document, arguments[0]).then(
                (found) => done(found.violations.flatMap((rule) => rule.nodes.map((node) => said(rule, node)))),
                (error) => done(String(error)));";
        let found = self.run_async(script, json!([options])).expect("axe-core answers");
        let all = found.as_array().unwrap_or_else(|| panic!("axe-core failed at {}: {found}", self.here()));
        let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
        let violation = |one: &Value| Violation {
            rule: text(one, "rule"),
            target: text(one, "target"),
            summary: text(one, "summary").split_whitespace().collect::<Vec<_>>().join(" "),
        };
        all.iter().map(violation).collect()
    }

    /// Takes a picture of the whole page, as far as it is not endless.
    pub(crate) fn picture(&self, to: &Path) {
        let size = self.devtools("Page.getLayoutMetrics", json!({}));
        let content = &size["cssContentSize"];
        let (width, height) = (content["width"].as_f64(), content["height"].as_f64());
        let height = height.unwrap_or(900.0).min(PICTURE_HEIGHT);
        let clip = json!({"x": 0, "y": 0, "width": width.unwrap_or(1280.0), "height": height, "scale": 1});
        let taken = self.devtools(
            "Page.captureScreenshot",
            json!({"format": "png", "captureBeyondViewport": true, "clip": clip}),
        );
        let data = taken["data"].as_str().expect("a picture");
        let bytes = base64::engine::general_purpose::STANDARD.decode(data).expect("base64");
        std::fs::write(to, bytes).unwrap_or_else(|error| panic!("{}: {error}", to.display()));
    }
}
