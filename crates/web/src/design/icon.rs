//! Icons and marks: one sprite in each page, referred to by name. No picture carries meaning without words beside it.

use maud::{Markup, PreEscaped, html};

/// What is known about something, as a shape and a color. Never shown without its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// As it should be.
    Pass,
    /// Shown not to be as it should.
    Fail,
    /// Could not be seen, or nobody has judged it.
    Unknown,
    /// An approved exception stands beside it.
    Waived,
    /// Has no subject here.
    NotApplicable,
    /// Nothing was due.
    NotYetDue,
    /// Was due and did not happen.
    Missed,
    /// Happened, but later than it was due.
    Late,
    /// Some of it is as it should be.
    Partly,
}

impl Mark {
    /// The name of the shape in the sprite.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Pass => "m-pass",
            Self::Fail => "m-fail",
            Self::Unknown => "m-unknown",
            Self::Waived => "m-waived",
            Self::NotApplicable => "m-na",
            Self::NotYetDue => "m-due",
            Self::Missed => "m-missed",
            Self::Late => "m-late",
            Self::Partly => "m-partly",
        }
    }

    /// The class that colors it.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Pass => "is-pass",
            Self::Partly => "is-partly",
            Self::Fail | Self::Missed | Self::Late => "is-fail",
            Self::Unknown => "is-unknown",
            Self::Waived => "is-waived",
            Self::NotApplicable | Self::NotYetDue => "is-quiet",
        }
    }

    /// Draws the mark in its color; decoration, so give the word beside it.
    #[must_use]
    pub fn draw(self) -> Markup {
        html! {
            svg class={ "mark " (self.class()) } aria-hidden="true" { use href={ "#" (self.symbol()) } {} }
        }
    }
}

/// Draws an icon of the sprite by name (`i-controls`).
#[must_use]
pub fn icon(name: &str) -> Markup {
    html! { svg.icon aria-hidden="true" { use href={ "#" (name) } {} } }
}

/// The sprite that every page carries once, with the hatch used for what is unknown.
#[must_use]
pub fn sprite() -> Markup {
    PreEscaped(SPRITE.to_owned())
}

const SPRITE: &str = concat!(
    r#"<svg class="sprite" aria-hidden="true" focusable="false"><defs>"#,
    r#"<pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">"#,
    r#"<rect class="seg-unknown" width="1.6" height="4" fill="currentColor"/></pattern></defs>"#,
    // Marks of 16 by 16
    r#"<symbol id="m-pass" viewBox="0 0 16 16"><rect x="1" y="1" width="14" height="14" rx="2.5" fill="currentColor"/>"#,
    r#"<path class="knock" d="M4.4 8.3l2.5 2.5 4.7-5.3" fill="none" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round"/></symbol>"#,
    r#"<symbol id="m-fail" viewBox="0 0 16 16"><path d="M8 .4L15.6 8 8 15.6.4 8z" fill="currentColor"/>"#,
    r#"<path class="knock" d="M5.9 5.9l4.2 4.2M10.1 5.9l-4.2 4.2" stroke-width="1.7" stroke-linecap="round"/></symbol>"#,
    r#"<symbol id="m-unknown" viewBox="0 0 16 16"><rect x="1.6" y="1.6" width="12.8" height="12.8" rx="2.2" fill="none" stroke="currentColor" stroke-width="1.3" stroke-dasharray="2.4 1.6"/>"#,
    r#"<path d="M6.2 6.3c.1-1.1.9-1.7 1.9-1.7s1.8.6 1.8 1.6c0 1.5-1.8 1.4-1.8 2.9" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"/><circle cx="8.1" cy="11.5" r="1" fill="currentColor"/></symbol>"#,
    r#"<symbol id="m-waived" viewBox="0 0 16 16"><rect x="1.8" y="1.8" width="12.4" height="12.4" rx="2" fill="none" stroke="currentColor" stroke-width="1.6"/></symbol>"#,
    r#"<symbol id="m-na" viewBox="0 0 16 16"><path d="M3.5 8h9" stroke="currentColor" stroke-width="1.8" stroke-linecap="round"/></symbol>"#,
    r#"<symbol id="m-due" viewBox="0 0 16 16"><circle cx="8" cy="8" r="2.2" fill="currentColor"/></symbol>"#,
    r#"<symbol id="m-missed" viewBox="0 0 16 16"><path d="M8 1.6L14.4 8 8 14.4 1.6 8z" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round"/></symbol>"#,
    r#"<symbol id="m-late" viewBox="0 0 16 16"><path d="M8 1.6L14.4 8 8 14.4 1.6 8z" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linejoin="round"/><path d="M8 1.6V14.4L1.6 8z" fill="currentColor"/></symbol>"#,
    // Shapes of the period board, centered on their place in time.
    r#"<symbol id="b-fail" overflow="visible"><path class="b-fail" d="M0 4.5L5.5 10 0 15.5-5.5 10z"/></symbol>"#,
    r#"<symbol id="b-missed" overflow="visible"><path class="b-missed" d="M0 4.5L5.5 10 0 15.5-5.5 10z"/></symbol>"#,
    r#"<symbol id="b-late" overflow="visible"><path class="b-missed" d="M0 4.5L5.5 10 0 15.5-5.5 10z"/><path class="b-late" d="M0 4.5V15.5L-5.5 10z"/></symbol>"#,
    r#"<symbol id="m-partly" viewBox="0 0 16 16"><rect x="1.8" y="1.8" width="12.4" height="12.4" rx="2" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M1.8 8h12.4v4.2a2 2 0 0 1-2 2H3.8a2 2 0 0 1-2-2z" fill="currentColor"/></symbol>"#,
    // Icons of 16 by 16, stroked
    r#"<symbol id="i-tick" viewBox="0 0 24 24"><path d="M3.5 13.2l5.6 6.1L20.6 4.4" fill="none" stroke="currentColor" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round"/></symbol>"#,
    r#"<symbol id="i-overview" viewBox="0 0 16 16"><path d="M2.5 3.5h11M2.5 8h11M2.5 12.5h6"/></symbol>"#,
    r#"<symbol id="i-controls" viewBox="0 0 16 16"><path d="M8 1.8l5.2 1.9v4c0 3.2-2.1 5.5-5.2 6.6-3.1-1.1-5.2-3.4-5.2-6.6v-4z"/><path d="M5.7 8l1.7 1.7 3-3.3"/></symbol>"#,
    r#"<symbol id="i-period" viewBox="0 0 16 16"><path d="M2 3.5h5M9.5 3.5H14M2 8h8.5M13 8h1M2 12.5h2.5M7 12.5h7"/></symbol>"#,
    r#"<symbol id="i-readiness" viewBox="0 0 16 16"><path d="M2 13.5h12M3.5 11V8.6M6.5 11V6.6M9.5 11V7.4M12.5 11V3.2"/></symbol>"#,
    r#"<symbol id="i-findings" viewBox="0 0 16 16"><path d="M8 2.2L13.8 8 8 13.8 2.2 8zM8 5.6v3M8 10.4v.1"/></symbol>"#,
    r#"<symbol id="i-coverage" viewBox="0 0 16 16"><path d="M1.6 8s2.4-4.2 6.4-4.2S14.4 8 14.4 8 12 12.2 8 12.2 1.6 8 1.6 8z"/><circle cx="8" cy="8" r="1.8"/></symbol>"#,
    r#"<symbol id="i-criteria" viewBox="0 0 16 16"><path d="M2.5 2.5h4.2v4.2H2.5zM9.3 2.5h4.2v4.2H9.3zM2.5 9.3h4.2v4.2H2.5zM9.3 9.3h4.2v4.2H9.3z"/></symbol>"#,
    r#"<symbol id="i-checks" viewBox="0 0 16 16"><path d="M2 4.2l1.3 1.3L5.6 3M2 11l1.3 1.3 2.3-2.5M8.5 4.5H14M8.5 11.5H14"/></symbol>"#,
    r#"<symbol id="i-targets" viewBox="0 0 16 16"><path d="M2.2 2.8h11.6v4.4H2.2zM2.2 8.8h11.6v4.4H2.2zM4.6 5h.1M4.6 11h.1M7 5h4.2M7 11h4.2"/></symbol>"#,
    r#"<symbol id="i-runs" viewBox="0 0 16 16"><path d="M13.6 8A5.6 5.6 0 1 1 11.9 4M13.6 1.9v2.9h-2.9M8 5v3.2l2 1.3"/></symbol>"#,
    r#"<symbol id="i-evidence" viewBox="0 0 16 16"><path d="M2 4.2h12v2.6H2zM3.2 6.8v6.4h9.6V6.8M6.4 9.6h3.2"/></symbol>"#,
    r#"<symbol id="i-ledger" viewBox="0 0 16 16"><path d="M3.2 2h8.6a1 1 0 0 1 1 1v11H4.2a1 1 0 0 1-1-1zM5.8 2v12M8 5.4h2.6M8 8.2h2.6"/></symbol>"#,
    r#"<symbol id="i-reports" viewBox="0 0 16 16"><path d="M4 1.8h5.2L12.5 5v9.2H4zM9 2v3.2h3.3M6.2 8.3h4M6.2 11h4"/></symbol>"#,
    r#"<symbol id="i-people" viewBox="0 0 16 16"><circle cx="6" cy="5.4" r="2.4"/><path d="M1.6 13.4c.2-2.7 2-4.2 4.4-4.2s4.2 1.5 4.4 4.2M10.6 3.2a2.3 2.3 0 0 1 0 4.3M12 9.6c1.4.5 2.2 1.8 2.4 3.8"/></symbol>"#,
    r#"<symbol id="i-work" viewBox="0 0 16 16"><path d="M2.2 4.8h11.6v8.4H2.2zM5.6 4.8V3h4.8v1.8M2.2 8.6h11.6M8 7.8v1.6"/></symbol>"#,
    r#"<symbol id="i-calendar" viewBox="0 0 16 16"><path d="M2.4 3.4h11.2v10.2H2.4zM2.4 6.6h11.2M5.4 1.8v3M10.6 1.8v3M5.2 9.4h.1M8 9.4h.1M10.8 9.4h.1M5.2 11.6h.1M8 11.6h.1"/></symbol>"#,
    r#"<symbol id="i-trail" viewBox="0 0 16 16"><path d="M4.2 2v12M4.2 4.6h.1M6.8 4.4h6.4M6.8 8h6.4M6.8 11.6h4"/><circle cx="4.2" cy="4.4" r="1"/><circle cx="4.2" cy="8" r="1"/><circle cx="4.2" cy="11.6" r="1"/></symbol>"#,
    r#"<symbol id="i-key" viewBox="0 0 16 16"><circle cx="5" cy="11" r="2.8"/><path d="M7 9l6.4-6.4M11 4.8l2 2M9 6.8l1.4 1.4"/></symbol>"#,
    r#"<symbol id="i-settings" viewBox="0 0 16 16"><path d="M2 4.4h6M11.4 4.4H14M2 11.6h2.6M8 11.6h6"/><circle cx="9.7" cy="4.4" r="1.7"/><circle cx="6.3" cy="11.6" r="1.7"/></symbol>"#,
    r#"<symbol id="i-engagement" viewBox="0 0 16 16"><path d="M3 13.5v-11h6.2L13 6.2v7.3zM9 2.6v3.8h3.9M5.4 9.8l1.5 1.5 3-3.2"/></symbol>"#,
    r#"<symbol id="i-commitment" viewBox="0 0 16 16"><path d="M2.4 8.4l3-3.2 2.6 1 2.6-1 3 3.2-3.4 3.8-2.2 1.2-2.2-1.2zM8 6.2L6.2 8.4l1.4.8L9.4 8l2.2 2"/></symbol>"#,
    r#"<symbol id="i-waiver" viewBox="0 0 16 16"><path d="M3.2 2h9.6v12L8 11.4 3.2 14zM5.8 5.4h4.4M5.8 8h2.6"/></symbol>"#,
    r#"<symbol id="i-bell" viewBox="0 0 16 16"><path d="M3.6 11.6V7.4a4.4 4.4 0 0 1 8.8 0v4.2l1 1.2H2.6zM6.6 13.4a1.5 1.5 0 0 0 2.8 0"/></symbol>"#,
    r#"<symbol id="i-more" viewBox="0 0 16 16"><path d="M3 8h.1M8 8h.1M13 8h.1" stroke-width="2.6"/></symbol>"#,
    r#"<symbol id="i-copy" viewBox="0 0 16 16"><path d="M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3"/></symbol>"#,
    r#"<symbol id="i-download" viewBox="0 0 16 16"><path d="M8 2v8M4.8 7L8 10.2 11.2 7M2.5 13.5h11"/></symbol>"#,
    r#"<symbol id="i-search" viewBox="0 0 16 16"><circle cx="7" cy="7" r="4.4"/><path d="M10.4 10.4L14 14"/></symbol>"#,
    r#"<symbol id="i-theme" viewBox="0 0 16 16"><circle cx="8" cy="8" r="5.6"/><path d="M8 2.4a5.6 5.6 0 0 1 0 11.2z" fill="currentColor"/></symbol>"#,
    r#"<symbol id="i-up" viewBox="0 0 10 10"><path d="M2 6.5L5 3.5 8 6.5"/></symbol>"#,
    r#"<symbol id="i-down" viewBox="0 0 10 10"><path d="M2 3.5L5 6.5 8 3.5"/></symbol>"#,
    "</svg>",
);
