//! Somebody who looks at something: what they ask for, and how they are answered. One thing, a list that is read whole, or the
//! versions of a record.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use serde::Serialize;
use tickmark_app::{Error, View};
use tickmark_core::Timestamp;

use super::answer::{Answered, answer, answer_of};
use super::asking::{Asking, plain};
use super::operation::Wanted;
use super::words::as_of;
use crate::WebState;
use crate::error::Refusal;
use crate::visit::Asked;

/// A request that only looks.
pub(super) struct Looking {
    pub(super) state: WebState,
    pub(super) asked: Asked,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    /// The filters of the operation.
    filters: &'static [(&'static str, &'static str)],
}

impl FromRequestParts<WebState> for Looking {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Refusal> {
        let asked = Asked::from_request_parts(parts, state).await?;
        let filters = parts.extensions.get::<Wanted>().map(|wanted| wanted.filters()).unwrap_or_default();
        let (uri, headers) = (parts.uri.clone(), parts.headers.clone());
        Ok(Self { state: state.clone(), asked, uri, headers, filters })
    }
}

impl Looking {
    /// Reads what a list is asked for: only the filters that its operation has.
    pub(super) fn asking(&self) -> Result<Asking, Refusal> {
        Asking::read(&self.uri, self.filters)
    }

    /// Answers one thing.
    pub(super) async fn one<T, F>(&self, read: F) -> Answered
    where
        T: Serialize,
        F: AsyncFnOnce(&mut View<'_>) -> Result<T, Error>,
    {
        plain(&self.uri)?;
        let (app, actor) = self.asked.member(&self.state)?;
        let found = app.read(actor, async |view| read(view).await).await?;
        Ok(answer(&self.headers, &found))
    }

    /// Answers one thing, whose version is its tag.
    pub(super) async fn tagged<T, F>(&self, read: F) -> Answered
    where
        T: Serialize,
        F: AsyncFnOnce(&mut View<'_>) -> Result<(T, String), Error>,
    {
        plain(&self.uri)?;
        let (app, actor) = self.asked.member(&self.state)?;
        let (found, version) = app.read(actor, async |view| read(view).await).await?;
        Ok(answer_of(&self.headers, &found, &version))
    }

    /// Answers a page of a list that is read whole; `key` names each of its things.
    pub(super) async fn list<T, F>(&self, read: F, key: impl Fn(&T) -> String) -> Answered
    where
        T: Serialize,
        F: AsyncFnOnce(&mut View<'_>, &Asking) -> Result<Vec<T>, Error>,
    {
        let (app, actor) = self.asked.member(&self.state)?;
        let asking = self.asking()?;
        let items = app.read(actor, async |view| read(view, &asking).await).await?;
        Ok(answer(&self.headers, &asking.page(items, key)?))
    }

    /// Answers a page of the versions of a record, oldest first, or the one that held at the moment `as_of`; `since` is when
    /// a version began to hold.
    pub(super) async fn versions<V, T, F>(
        &self,
        read: F,
        since: impl Fn(&V) -> Timestamp,
        key: impl Fn(&T) -> String,
    ) -> Answered
    where
        T: Serialize + for<'a> From<&'a V>,
        F: AsyncFnOnce(&mut View<'_>) -> Result<Vec<V>, Error>,
    {
        let (app, actor) = self.asked.member(&self.state)?;
        let asking = self.asking()?;
        let at = asking.moment("as_of")?;
        let all = app.read(actor, async |view| read(view).await).await?;
        let items: Vec<T> = as_of(all, at, since).iter().map(T::from).collect();
        Ok(answer(&self.headers, &asking.page(items, key)?))
    }
}
