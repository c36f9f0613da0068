//! Signatures of a paper.

use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::Row;
use tickmark_core::conclusion::scope::Day;
use tickmark_core::engagement::fieldwork::{Signature, SignedPaper};

use crate::control::Names;
use crate::design::form::hidden;
use crate::design::moment;
use crate::visit::Asked;

pub(in crate::engagement::fieldwork) fn signer(signature: Option<&Signature>, names: &Names) -> Markup {
    html! { @match signature { Some(one) => { (names.of(one.by)) span.sub { (moment::date(one.at)) } }, None => span.muted { "Nobody" } } }
}

pub(in crate::engagement::fieldwork) fn signing<P: SignedPaper>(
    row: &Row<P>,
    names: &Names,
    path: &str,
    asked: &Asked,
    may_write: bool,
) -> Markup {
    let one = &row.record;
    let version = row.version.to_string();
    let act = |word: &str, words: &str, class: &str| {
        html! {
            form.inline method="post" action={ (path) "/" (word) } { (hidden("form", &asked.token)) (hidden("version", &version)) button class=(class) type="submit" { (words) } }
        }
    };
    let who = asked.visit.actor.as_ref().map(|actor| actor.id);
    let wrote = who.is_some_and(|who| one.signatures().authors.contains(&who));
    let missing = one.complete(Day::of(asked.visit.now)).err();
    html! {
        dl.facts {
            dt { "Prepared" } dd { (signer(one.prepared(), names)) }
            dt { "Reviewed" } dd { (signer(one.reviewed(), names)) }
            dt { "Shared" } dd {
                @match (one.shared(), one.shared_at()) {
                    (Some(by), Some(at)) => { (names.of(by.by)) span.sub { (moment::exact(at)) } }
                    (None, Some(at)) => { (signer(None, names)) span.sub { "Last " (moment::exact(at)) } }
                    (held, None) => (signer(held, names)),
                }
            }
        }
        @if may_write {
            div.row.actions.block-body {
                @if one.prepared().is_none() {
                    @match &missing {
                        Some(missing) => p.muted { "Before it is signed: " (missing) "." }
                        None => (act("prepare", "Sign as preparer", "button primary"))
                    }
                } @else {
                    @if one.reviewed().is_none() { @if wrote { p.muted { "Somebody of your firm who wrote none of it reviews it." } } @else { (act("review", "Sign as reviewer", "button primary")) } }
                    @if one.shared().is_none() { (act("share", "Share with management", "button")) }
                }
            }
        }
    }
}
