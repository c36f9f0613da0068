//! Styles, script, fonts: embedded, named by their content, kept by browsers for a year.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use tickmark_core::Digest;

use crate::error::Refusal;

/// One embedded file.
struct Asset {
    /// Name in the source, e.g. `tickmark.css`.
    name: &'static str,
    /// Name in addresses, e.g. `tickmark.4f0c8a31bd22.css`.
    hashed: String,
    content_type: &'static str,
    bytes: Vec<u8>,
}

impl Asset {
    fn new(name: &'static str, content_type: &'static str, bytes: &[u8]) -> Self {
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "bin"));
        let hashed = format!("{stem}.{}.{extension}", Digest::of(bytes).short());
        Self { name, hashed, content_type, bytes: bytes.to_vec() }
    }
}

const STYLES: [&str; 7] = [
    include_str!("design/tokens.css"),
    include_str!("design/base.css"),
    include_str!("design/frame.css"),
    include_str!("design/parts.css"),
    include_str!("design/account.css"),
    include_str!("design/work.css"),
    include_str!("design/print.css"),
];

/// What the scripts of every page build elements with. It is sent within each of them: a module that they import would be one
/// more to ask for before any of them runs, and one that fails would take the others with it.
const MADE: &str = include_str!("design/made.js");

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let fonts = [
        Asset::new("inter.woff2", "font/woff2", include_bytes!("../assets/fonts/inter.woff2")),
        Asset::new(
            "jetbrains-mono.woff2",
            "font/woff2",
            include_bytes!("../assets/fonts/jetbrains-mono.woff2"),
        ),
    ];
    // The style sheet names fonts by their hashed names, which are only known here.
    let mut styles = STYLES.concat();
    for font in &fonts {
        styles = styles.replace(&format!("{{{{{}}}}}", font.name), &font.hashed);
    }
    let script = |name: &'static str, text: &str| {
        Asset::new(name, "text/javascript; charset=utf-8", [MADE, text].concat().as_bytes())
    };
    let mut assets = vec![
        Asset::new("tickmark.css", "text/css; charset=utf-8", styles.as_bytes()),
        script("enhance.js", include_str!("design/enhance.js")),
        script("drawer.js", include_str!("design/drawer.js")),
        script("keys.js", include_str!("design/keys.js")),
        Asset::new("passkey.js", "text/javascript; charset=utf-8", include_bytes!("design/passkey.js")),
        Asset::new("icon.svg", "image/svg+xml; charset=utf-8", include_bytes!("design/icon.svg")),
    ];
    assets.extend(fonts);
    assets
});

/// Returns the address of an embedded file.
#[must_use]
pub fn href(name: &str) -> String {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    format!("/assets/{}", asset.map_or(name, |asset| &asset.hashed))
}

/// Returns the addresses of all embedded files.
#[must_use]
pub fn all() -> Vec<String> {
    ASSETS.iter().map(|asset| format!("/assets/{}", asset.hashed)).collect()
}

/// Answers with an embedded file. Only exact hashed names are known.
pub(crate) async fn serve(Path(name): Path<String>) -> Result<Response, Refusal> {
    let asset = ASSETS.iter().find(|asset| asset.hashed == name).ok_or(Refusal::NotFound)?;
    let headers =
        [(CONTENT_TYPE, asset.content_type), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, asset.bytes.clone()).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `--name: light-dark(#A, #B)` from the tokens.
    fn token(name: &str) -> (String, String) {
        let start = format!("--{name}: light-dark(");
        let rest = STYLES[0].split_once(&start).unwrap_or_else(|| panic!("no token {name}")).1;
        let (light, rest) = rest.split_once(", ").expect("two colors");
        (light.to_owned(), rest.split_once(')').expect("closed").0.to_owned())
    }

    /// Relative luminance, WCAG 2.2.
    fn luminance(color: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&color[at..at + 2], 16).expect("hexadecimal")) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_on_every_surface_in_both_themes() {
        assert!((contrast("#000000", "#FFFFFF") - 21.0).abs() < 1e-9);
        for text in ["text", "muted", "brand", "pass", "fail", "unknown", "waived", "info"] {
            for surface in ["bg", "surface", "sunken"] {
                let (text_color, surface_color) = (token(text), token(surface));
                for (theme, a, b) in
                    [("light", &text_color.0, &surface_color.0), ("dark", &text_color.1, &surface_color.1)]
                {
                    let ratio = contrast(a, b);
                    // 3:1 would do for large text; every token is used for small text too.
                    assert!(ratio >= 4.5, "{theme}: {text} on {surface} is {ratio:.2}");
                }
            }
        }
        let (ink, paper) = (token("on-brand"), token("brand"));
        assert!(contrast(&ink.0, &paper.0) >= 4.5 && contrast(&ink.1, &paper.1) >= 4.5);
    }

    #[test]
    fn scripts_that_build_elements_have_once_what_they_build_them_with() {
        for name in ["enhance.js", "drawer.js", "keys.js"] {
            let script = &ASSETS.iter().find(|asset| asset.name == name).expect("embedded").bytes;
            let script = std::str::from_utf8(script).expect("UTF-8");
            assert_eq!(script.matches("const made =").count(), 1, "{name}");
            assert!(script.contains("made(\"") && !script.contains("import "), "{name}");
        }
    }

    #[test]
    fn the_style_sheet_asks_nobody_else() {
        let styles = &ASSETS.iter().find(|a| a.name == "tickmark.css").expect("embedded").bytes;
        let styles = std::str::from_utf8(styles).expect("UTF-8");
        assert!(!styles.contains("{{") && !styles.contains("http") && !styles.contains("@import"));
        for url in styles.split("url(\"").skip(1) {
            let name = url.split('"').next().unwrap_or("");
            assert!(ASSETS.iter().any(|asset| asset.hashed == name), "{name}");
        }
    }
}
