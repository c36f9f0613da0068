//! What answers at an address, by method.
//!
//! Handlers stand behind one type, whatever they take and however they work: with each as a type of its own, everything that
//! leads to it is compiled once for each of some hundred handlers, and the compiler proves anew for each step that all it holds
//! may be sent between threads.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::handler::Handler;
use axum::response::Response;
use axum::routing::{self, MethodRouter};

use crate::WebState;

/// A future on the heap.
pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Handlers by method.
#[derive(Clone, Debug, Default)]
pub(crate) struct Methods(MethodRouter<WebState>);

impl Methods {
    /// The same with a handler of POST.
    pub(crate) fn post<H: Handler<T, WebState>, T: 'static>(self, handler: H) -> Self {
        Self(self.0.post(Erased::of(handler)))
    }

    /// The same with a handler of PUT.
    pub(crate) fn put<H: Handler<T, WebState>, T: 'static>(self, handler: H) -> Self {
        Self(self.0.put(Erased::of(handler)))
    }

    /// The same with another limit of what a body may weigh.
    pub(crate) fn layer(self, limit: DefaultBodyLimit) -> Self {
        Self(self.0.layer(limit))
    }
}

/// Routes with what answers there.
pub(crate) trait At {
    /// The same with what answers at one more address.
    fn at(self, path: &str, methods: Methods) -> Self;
}

impl At for Router<WebState> {
    fn at(self, path: &str, methods: Methods) -> Self {
        self.route(path, methods.0)
    }
}

/// Answers GET, and HEAD.
pub(crate) fn get<H: Handler<T, WebState>, T: 'static>(handler: H) -> Methods {
    Methods(routing::get(Erased::of(handler)))
}

/// Answers POST.
pub(crate) fn post<H: Handler<T, WebState>, T: 'static>(handler: H) -> Methods {
    Methods::default().post(handler)
}

/// Answers PUT.
pub(crate) fn put<H: Handler<T, WebState>, T: 'static>(handler: H) -> Methods {
    Methods::default().put(handler)
}

/// A handler of any kind.
#[derive(Clone)]
struct Erased(Arc<dyn Answers>);

impl Erased {
    fn of<H: Handler<T, WebState>, T: 'static>(handler: H) -> Self {
        Self(Arc::new(Held { handler, takes: PhantomData }))
    }
}

impl fmt::Debug for Erased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Erased")
    }
}

impl Handler<(), WebState> for Erased {
    type Future = BoxFuture<'static, Response>;

    fn call(self, request: Request, state: WebState) -> Self::Future {
        self.0.answer(request, state)
    }
}

trait Answers: Send + Sync {
    fn answer(&self, request: Request, state: WebState) -> BoxFuture<'static, Response>;
}

/// A handler with what it takes out of a request.
struct Held<H, T> {
    handler: H,
    takes: PhantomData<fn() -> T>,
}

impl<H: Handler<T, WebState>, T: 'static> Answers for Held<H, T> {
    fn answer(&self, request: Request, state: WebState) -> BoxFuture<'static, Response> {
        Box::pin(self.handler.clone().call(request, state))
    }
}
