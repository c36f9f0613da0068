//! The digest chip: short for reading, whole for copying, with a way to its proof.

use maud::{Markup, html};
use tickmark_core::Digest;

use super::icon::icon;

/// A short digest with its whole text on hover and a copy button for those with script.
#[must_use]
pub fn chip(digest: &Digest) -> Markup {
    html! {
        span.digest {
            code.nowrap title=(digest) { "sha256:" (digest.short()) "…" }
            (copy(&digest.to_string()))
        }
    }
}

/// A digest in full.
#[must_use]
pub fn whole(digest: &Digest) -> Markup {
    html! { span.digest { code { (digest) } (copy(&digest.to_string())) } }
}

/// A copy button; shown by script only, because it does nothing without.
#[must_use]
pub fn copy(text: &str) -> Markup {
    html! { button type="button" data-copy=(text) aria-label={ "Copy " (text) } title="Copy" hidden { (icon("i-copy")) } }
}
