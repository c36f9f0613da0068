//! Serves every page over sample data, to look at: `cargo run -p tickmark-web --example gallery -- 8199`.
//!
//! It signs the visitor in by itself, which only a gallery may do. `--empty` shows the pages before the first run,
//! `--facts FILE` shows another facts document (JSON) on the first target.

use std::sync::atomic::{AtomicU8, Ordering};

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{COOKIE, HOST, SET_COOKIE};
use axum::middleware::{Next, from_fn};
use tickmark_web::source::Source;
use tickmark_web::{Settings, WebState, router};
use tower::ServiceExt;

#[path = "../tests/support/sample/mod.rs"]
mod sample;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(8199);
    let mut views =
        if arguments.iter().any(|a| a == "--empty") { sample::empty_views() } else { sample::views(None) };
    if let Some(file) = arguments.iter().skip_while(|argument| *argument != "--facts").nth(1) {
        let facts: serde_json::Value = serde_json::from_slice(&std::fs::read(file)?)?;
        let target = views.targets.first_mut().ok_or("--facts needs a target")?;
        target.gaps = serde_json::from_value(facts["gaps"].clone()).unwrap_or_default();
        target.facts = facts;
    }
    let counter = AtomicU8::new(0);
    let state = WebState::new(Source::frozen(views), Settings::loopback(port), sample::now, move || {
        [counter.fetch_add(1, Ordering::Relaxed); 32]
    });
    let link = state.one_time_link(&[9; 32]);
    let pages = router(state);

    let enter = Request::get(link).header(HOST, format!("127.0.0.1:{port}")).body(Body::empty())?;
    let answer = pages.clone().oneshot(enter).await?;
    let cookie = answer.headers()[SET_COOKIE].to_str()?.split(';').next().unwrap_or_default().to_owned();
    let signed_in = pages.layer(from_fn(move |mut request: Request, next: Next| {
        let theme = request
            .headers()
            .get(COOKIE)
            .and_then(|c| c.to_str().ok())
            .map(|c| format!("; {c}"))
            .unwrap_or_default();
        if let Ok(value) = format!("{cookie}{theme}").parse() {
            request.headers_mut().insert(COOKIE, value);
        }
        next.run(request)
    }));

    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://127.0.0.1:{port}/");
    axum::serve(listener, signed_in).await?;
    Ok(())
}
