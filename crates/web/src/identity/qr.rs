//! A QR code as SVG, drawn here: the secret in it goes to nobody else.

use maud::{Markup, html};
use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of light around the code, as scanners need them.
const QUIET: i32 = 4;

/// Draws a text. None if it is too long for a code.
pub(super) fn draw(text: &str, label: &str) -> Option<Markup> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        for x in (0..size).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET));
        }
    }
    let side = size + 2 * QUIET;
    Some(html! {
        svg.qr viewBox=(format!("0 0 {side} {side}")) role="img" aria-label=(label) shape-rendering="crispEdges" {
            // Scanners want dark on light, whatever the colors of the page.
            rect width=(side) height=(side) fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_finders_and_a_quiet_zone() {
        let svg = draw("otpauth://totp/A:b?secret=AAAA", "code").expect("short").into_string();
        assert!(svg.contains("viewBox=\"0 0 "));
        // The corner of the first finder is dark, what is before it is light.
        assert!(svg.contains("M4 4h1v1h-1z") && !svg.contains("M3 4h") && !svg.contains("M5 5h"));
        assert!(draw(&"x".repeat(5000), "code").is_none());
    }
}
