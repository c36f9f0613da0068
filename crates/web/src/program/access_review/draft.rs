//! Beginning a review: what it is about.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::program::access_review::{self, Decider};
use tickmark_app::{Error, control};
use tickmark_core::control::{Control, ControlState};
use tickmark_core::evidence::item::day;
use tickmark_core::id::ActorId;
use tickmark_core::program::access::Tier;
use tickmark_core::program::access_review::{Scope, ScopedSystem, Unanswered};
use tickmark_core::time::DAY_US;

use super::super::population::wrong;
use super::{PATH, href};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, field, form, send};
use crate::design::frame::{Page, Place};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

const FIELDS: [&str; 10] = [
    "title",
    "systems",
    "owner",
    "provisioners",
    "tiers",
    "stand_in",
    "second_stand_in",
    "due",
    "unanswered",
    "control",
];

struct Known {
    deciders: Vec<Decider>,
    controls: Vec<Control>,
}

async fn known(state: &WebState, asked: &Asked) -> Result<Known, Refusal> {
    let (app, actor) = asked.member(state)?;
    let known = app
        .read(actor, async |view| {
            let deciders = access_review::deciders(view).await?;
            let mut controls = control::controls(view).await?;
            controls.retain(|one| one.state() != ControlState::Retired);
            Ok(Known { deciders, controls })
        })
        .await?;
    Ok(known)
}

pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let known = known(&state, &asked).await?;
    let tiers: Vec<&str> = Tier::ALL.iter().map(|tier| tier.word()).collect();
    let pairs = [
        ("tiers", tiers.join(" ")),
        ("due", asked.visit.now.plus_micros(14 * DAY_US).date()),
        ("unanswered", Unanswered::Revoke.word().to_owned()),
    ];
    let sent = Sent::of(pairs.map(|(name, value)| (name.to_owned(), value)).to_vec());
    asked.frame(&state, &draw(&known, &asked.token, &sent, &Faults::default())).await
}

fn draw(known: &Known, token: &str, sent: &Sent, faults: &Faults) -> Page {
    let people: Vec<(String, String)> =
        known.deciders.iter().map(|one| (one.actor.to_string(), one.name.clone())).collect();
    let words = |all: &[(&str, &str)]| -> Vec<(String, String)> {
        all.iter().map(|(word, title)| ((*word).to_owned(), (*title).to_owned())).collect()
    };
    let tiers = words(&Tier::ALL.iter().map(|one| (one.word(), one.title())).collect::<Vec<_>>());
    let unanswered = words(&Unanswered::ALL.iter().map(|one| (one.word(), one.title())).collect::<Vec<_>>());
    let mut controls = vec![(String::new(), "none".to_owned())];
    controls.extend(
        known
            .controls
            .iter()
            .map(|one| (one.id.to_string(), format!("{}  {}", one.id, one.text.current().title))),
    );
    let text = |name: &str| sent.text(name);
    // Several boxes of one name come one by one.
    let chosen_tiers = sent.all("tiers").join(" ");
    let select = |name: &'static str, label: &str, choices: &[(String, String)], hint: &str| {
        field(&Field {
            name,
            label,
            kind: Kind::Select(choices),
            value: &text(name),
            hint,
            fault: faults.of(name),
            ..Field::default()
        })
    };
    let body = html! {
        @if people.len() < 2 {
            div.empty { h3 { "Two people are needed who decide about access" } p { "Control owners, employees and executives decide about access; the compliance manager runs the review and does not." } p { a.button href="/people" { "People" } } }
        } @else {
            div.narrow { (form("/access-reviews/new", token, &html! {
                (faults.summary())
                (field(&Field { name: "title", label: "Title", value: &text("title"), max: 200, hint: "Such as: privileged and production access, second quarter of 2026.", fault: faults.of("title"), ..Field::default() }))
                (field(&Field { name: "systems", label: "Systems, one a line", kind: Kind::Area(4), value: &text("systems"), max: 20_000, hint: "As the lists of access call them.", fault: faults.of("systems"), ..Field::default() }))
                (select("owner", "Who answers for these systems", &people, "They decide about privileged rights and the accounts of programs."))
                (field(&Field { name: "provisioners", label: "Who hands rights out in them", kind: Kind::Several(&people), value: &sent.all("provisioners").join(" "), optional: true, hint: "They decide about no privileged right.", fault: faults.of("provisioners"), ..Field::default() }))
                (field(&Field { name: "tiers", label: "Tiers", kind: Kind::Several(&tiers), value: &chosen_tiers, fault: faults.of("tiers"), ..Field::default() }))
                (select("stand_in", "Who decides where a manager is not known or may not", &people, ""))
                (select("second_stand_in", "Who decides where that person may not", &people, "Somebody else: nobody decides about their own access."))
                (field(&Field { name: "due", label: "Last day for decisions", kind: Kind::Input("date"), value: &text("due"), fault: faults.of("due"), ..Field::default() }))
                (select("unanswered", "What happens to items without an answer", &unanswered, "No answer is never a keep."))
                (select("control", "Control that the review performs", &controls, "Signing off becomes its occurrence."))
                (send("Begin the review", PATH))
            })) }
        }
    };
    let mut page = Page::new(Place::AccessReviews, "Begin a review of access", body);
    page.crumbs = vec![("Access reviews".into(), PATH.into())];
    page
}

fn person(sent: &Sent, name: &'static str, faults: &mut Faults) -> Option<ActorId> {
    let found = sent.text(name).parse().ok();
    if found.is_none() {
        faults.add(name, "choose somebody");
    }
    found
}

fn read(sent: &Sent, faults: &mut Faults) -> Option<Scope> {
    let people = (
        person(sent, "owner", faults),
        person(sent, "stand_in", faults),
        person(sent, "second_stand_in", faults),
    );
    let provisioners: BTreeSet<ActorId> =
        sent.all("provisioners").iter().filter_map(|one| one.parse().ok()).collect();
    let tiers: BTreeSet<Tier> = sent.all("tiers").iter().filter_map(|word| Tier::from_word(word)).collect();
    let text = sent.text("systems");
    let systems: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if sent.text("title").is_empty() {
        faults.add("title", "it is needed");
    }
    if systems.is_empty() {
        faults.add("systems", "name at least one system");
    }
    if tiers.is_empty() {
        faults.add("tiers", "choose at least one");
    }
    let due = day(&sent.text("due")).map_err(|error| faults.add("due", error)).ok();
    let control = Some(sent.text("control")).filter(|id| !id.is_empty()).map(|id| id.parse());
    if control.as_ref().is_some_and(Result::is_err) {
        faults.add("control", "there is no such control");
    }
    let (Some(owner), Some(stand_in), Some(second_stand_in)) = people else { return None };
    let system =
        |name: &&str| ScopedSystem { name: (*name).to_owned(), owner, provisioners: provisioners.clone() };
    Some(Scope {
        title: sent.text("title"),
        systems: systems.iter().map(system).collect(),
        tiers,
        stand_in,
        second_stand_in,
        due_at: due?.plus_micros(DAY_US),
        unanswered: Unanswered::from_word(&sent.text("unanswered")).unwrap_or_default(),
        control: control.and_then(Result::ok),
        window: None,
    })
}

/// The field that a word of a refusal stands for.
const ABOUT: [(&str, &str); 5] = [
    ("due already", "due"),
    ("the title", "title"),
    ("no windows", "control"),
    ("tier", "tiers"),
    ("system", "systems"),
];

pub(super) async fn make(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    sent.only(&FIELDS)?;
    let (app, actor) = asked.member(&state)?;
    let (mut faults, mut status) = (Faults::default(), StatusCode::UNPROCESSABLE_ENTITY);
    let scope = read(&sent, &mut faults);
    if let (true, Some(scope)) = (faults.is_empty(), scope) {
        match app.transact(actor, async |cx| access_review::draft(cx, scope.clone()).await).await {
            Ok(review) => return Ok(go(&href(review.key))),
            Err(error @ Error::NotFound { .. }) => faults.add("control", error),
            Err(error) => (status, faults) = wrong(error, &ABOUT)?,
        }
    }
    let known = known(&state, &asked).await?;
    asked.frame_refused(&state, status, &draw(&known, &asked.token, &sent, &faults)).await
}
