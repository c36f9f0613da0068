//! Refusals in plain words. No internals leave; the request id leads to the log line.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};

use crate::design::empty::command;
use crate::design::frame::{self, Theme};

/// Why a request gets no page.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Nothing is there, or it may not be known to be there.
    #[error("not found")]
    NotFound,
    /// No session came with the request.
    #[error("no session")]
    NoSession,
    /// A one-time link that is unknown or was used before.
    #[error("link not valid")]
    LinkSpent,
    /// A link of an invitation that is unknown, was used, taken back, or is too old.
    #[error("invitation over")]
    InvitationOver,
    /// A link to what is shared with somebody that is unknown, was replaced, or whose time is over.
    #[error("nothing is shared")]
    SharedOver,
    /// A form came without a session.
    #[error("signed out")]
    SignedOut,
    /// A form that was not made for this browser, or came from another site.
    #[error("forged form")]
    Forged,
    /// The request names a host that is not this one.
    #[error("wrong host")]
    WrongHost,
    /// The address takes no such method.
    #[error("method not allowed")]
    Method,
    /// The request could not be read.
    #[error("bad request")]
    Malformed,
    /// The request says something that does not fit; the text says what.
    #[error("unfit: {0}")]
    Unfit(String),
    /// What a program sent cannot be done; said as it is.
    #[error("refused: {}", .0.says)]
    Refused(Box<crate::api::Refused>),
    /// Too many requests; seconds after which there may be more.
    #[error("too many requests")]
    TooMany(i64),
    /// The data cannot be read at the moment.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// What is stored is not what was written; the text is for the log only.
    #[error("damaged: {0}")]
    Damaged(String),
    /// Our own fault; the text is for the log only.
    #[error("internal: {0}")]
    Internal(String),
}

impl Refusal {
    /// The status it is answered with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound | Self::InvitationOver | Self::SharedOver => StatusCode::NOT_FOUND,
            Self::Forged => StatusCode::FORBIDDEN,
            Self::SignedOut | Self::NoSession | Self::LinkSpent => StatusCode::UNAUTHORIZED,
            Self::WrongHost => StatusCode::MISDIRECTED_REQUEST,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Malformed | Self::Unfit(_) => StatusCode::BAD_REQUEST,
            Self::Refused(refused) => refused.status,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Damaged(_) | Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The refusal that a bare status stands for, as answered by parts that know no pages.
    #[must_use]
    pub(crate) fn of_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::METHOD_NOT_ALLOWED => Self::Method,
            StatusCode::UNAUTHORIZED => Self::NoSession,
            StatusCode::MISDIRECTED_REQUEST => Self::WrongHost,
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => {
                Self::Unavailable("time limit".to_owned())
            }
            status if status.is_client_error() => Self::Malformed,
            status => Self::Internal(format!("answered {status}")),
        }
    }

    /// The page that says so.
    #[must_use]
    pub fn page(&self, theme: Theme, request_id: &str) -> Markup {
        let (title, text) = match self {
            Self::NotFound => (
                "Nothing is here",
                html! { p { "The address names no page or record. " a href="/" { "Go to the overview" } "." } },
            ),
            Self::NoSession => (
                "Open the link from the terminal",
                html! {
                    p { "These pages show the configuration of real machines, so they open only for whoever started the server. It printed a one-time link when it started; open that link in this browser." }
                    p.muted { "The link was used, or lost? Start the server again for a new one:" }
                    (command("tickmark serve"))
                    p.muted { "You just opened the link and see this? Then it was followed from another page: " a href="/" { "continue to the overview" } "." }
                },
            ),
            Self::LinkSpent => (
                "This link was used already",
                html! {
                    p { "A link opens one browser once. If that browser is this one, " a href="/" { "continue to the overview" } ". Otherwise start the server again for a new link:" }
                    (command("tickmark serve"))
                },
            ),
            Self::InvitationOver => (
                "This link does not work any more",
                html! { p { "A link works once and for a short time. It was used, taken back, or its time is over: ask for another one. Are you in already? " a href="/sign-in" { "Sign in" } "." } },
            ),
            Self::SharedOver => (
                "Nothing is shared by this link",
                html! { p { "It may be mistyped, replaced by another one, or its time may be over. Ask whoever sent it to you." } },
            ),
            Self::SignedOut => (
                "You are signed out",
                html! { p { "Nothing was changed. " a href="/sign-in" { "Sign in" } ", then go back and send it again." } },
            ),
            Self::Forged => (
                "This form is not from here",
                html! { p { "It was not made for this browser, or it is too old. Nothing was changed. Go back, load the page again and send it once more." } },
            ),
            Self::WrongHost => (
                "This is not the address of this server",
                html! { p { "The request names a host that this server does not answer for. Use the address that the server printed when it started." } },
            ),
            Self::Method => ("Not something this address does", html! { p { "These pages are read-only." } }),
            Self::TooMany(_) => ("Too many requests", html! { p { "Wait a minute, then go on." } }),
            Self::Malformed | Self::Unfit(_) | Self::Refused(_) => (
                "The request could not be read",
                html! { p { "Its address or its form is damaged. " a href="/" { "Go to the overview" } "." } },
            ),
            Self::Unavailable(_) => (
                "Not available at the moment",
                html! { p { "The data could not be read in time. Try again in a moment; if it stays so, see what the server says:" } (command("tickmark status")) },
            ),
            Self::Damaged(_) => (
                "What is stored is not what was written",
                html! {
                    p { "The record does not match its digest, so it is not shown. Nothing was changed by looking. Find what differs, then restore it from a copy:" }
                    (command("tickmark ledger fsck"))
                },
            ),
            Self::Internal(_) => (
                "Something went wrong on our side",
                html! { p { "The page could not be made, and nothing was changed. The log of the server has the reason under the id below." } },
            ),
        };
        let body = html! {
            div.stack { (text) }
            p.muted.small { br; "Request " code { (request_id) } }
        };
        frame::bare(title, theme, &body)
    }
}

impl IntoResponse for Refusal {
    /// Leaves the page to the outermost layer, which knows theme and request id.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(std::sync::Arc::new(self));
        response
    }
}
