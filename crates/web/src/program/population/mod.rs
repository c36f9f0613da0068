//! Populations: what triggers produced, defined before testing, handed in or read from a register, checked, frozen, sampled
//! and tested item by item.

mod check;
mod define;
mod freeze;
mod hand_in;
mod item;
mod list;
mod mapping;
mod one;
mod sample;

use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_core::Timestamp;
use tickmark_core::id::PopulationKey;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::population::Population;
use tickmark_core::time::DAY_US;

pub(crate) use define::{ABOUT as ABOUT_DEFINITION, attributes, days};
pub(crate) use freeze::shows_zero;
pub(crate) use hand_in::{
    ABOUT as ABOUT_LIST, ORIGIN, accepted, column_fields, column_names, guessed, origin_fields, read_columns,
    read_origin, says,
};
pub(crate) use item::{Part, place};
pub(crate) use list::{listed, on_control};
pub(super) use mapping::dates as date_words;
pub(crate) use one::{checked, file_of, origin};

use crate::Desk;
use crate::design::badge::badge;
use crate::design::form::Faults;
use crate::design::icon::Mark;
use crate::design::{moment, segment};
use crate::error::Refusal;
use crate::route::{get, post};
use crate::visit::Asked;

/// What sets up tests: definitions, freezing, samples.
const SET_UP: Atom = Atom::new(Resource::Test, Verb::Create);
/// What brings in lists, checks and results.
const BRING_IN: Atom = Atom::new(Resource::Evidence, Verb::Create);

pub(super) fn desk_routes() -> Vec<Desk> {
    let looks = |path, example, handler| Desk { path, example, looks: true, changes: false, handler };
    let both = |path, example, handler| Desk { path, example, looks: true, changes: true, handler };
    let changes = |path, example, handler| Desk { path, example, looks: false, changes: true, handler };
    // Files are measured while they are read, against limits of their own.
    let unlimited = || DefaultBodyLimit::disable();
    vec![
        looks("/populations", "/populations", get(list::page)),
        both("/populations/new", "/populations/new", get(define::page).post(define::define)),
        looks("/populations/mappings", "/populations/mappings", get(mapping::page)),
        changes("/populations/mappings/remove", "/populations/mappings/remove", post(mapping::remove)),
        looks("/populations/{key}", "/populations/1", get(one::page)),
        looks("/populations/{key}/file", "/populations/1/file", get(one::file)),
        both(
            "/populations/{key}/list",
            "/populations/1/list",
            get(hand_in::page).post(hand_in::hand_in).layer(unlimited()),
        ),
        changes("/populations/{key}/register", "/populations/1/register", post(hand_in::build)),
        both("/populations/{key}/checks", "/populations/1/checks", get(check::page).post(check::make)),
        both(
            "/populations/{key}/freeze",
            "/populations/1/freeze",
            get(freeze::page).post(freeze::freeze).layer(unlimited()),
        ),
        both("/populations/{key}/results", "/populations/1/results", get(item::page).post(item::record)),
        both(
            "/populations/{key}/samples/new",
            "/populations/1/samples/new",
            get(sample::new_page).post(sample::draw),
        ),
        looks("/populations/{key}/samples/{number}", "/populations/1/samples/1", get(sample::page)),
        changes(
            "/populations/{key}/samples/{number}/{act}",
            "/populations/1/samples/1/extend",
            post(sample::act),
        ),
    ]
}

fn href(key: PopulationKey) -> String {
    format!("/populations/{key}")
}

fn key(text: &str) -> Result<PopulationKey, Refusal> {
    text.parse().map(PopulationKey).map_err(|_| Refusal::NotFound)
}

fn control_href(one: &Population) -> String {
    format!("/controls/{}", segment(one.definition.control.as_str()))
}

/// Tells whether to offer something that is done with whole lists.
fn may(asked: &Asked, atom: Atom) -> bool {
    asked.visit.actor.as_deref().is_some_and(|actor| crate::permission::may_all(actor, atom))
}

/// How far a population has come.
fn state(one: &Population) -> &'static str {
    match (&one.file, &one.frozen) {
        (_, Some(_)) => "Frozen",
        (Some(_), None) => "Imported",
        (None, None) => "Defined",
    }
}

fn state_badge(one: &Population) -> Markup {
    let mark = match (&one.file, &one.frozen) {
        (_, Some(_)) => Mark::Pass,
        (Some(_), None) => Mark::Partly,
        (None, None) => Mark::NotYetDue,
    };
    badge(mark, state(one))
}

/// The time that a population covers: its days as the zone of its list counts them, or its moments where they are no whole days.
pub(crate) fn covers(one: &Population) -> Markup {
    let (from, to) = (one.definition.from, one.definition.to);
    let zone = one.ipe.as_ref().map_or("UTC", |ipe| ipe.time_zone.as_str());
    let is_day = |at: Timestamp| at.micros().rem_euclid(DAY_US) == 0;
    if zone != "UTC" && one.is_of_days() {
        let [first, last] = one.days();
        html! { (first) " to " (last) " in " (zone) }
    } else if is_day(from) && is_day(to) {
        html! { (moment::date(from)) " to " (moment::date(to.plus_micros(-1))) }
    } else {
        html! { (moment::exact(from)) " to " (moment::exact(to)) }
    }
}

/// The status and the faults of a form whose use case refused; `about` says which field a word of the refusal stands for.
pub(super) fn wrong(error: Error, about: &[(&str, &'static str)]) -> Result<(StatusCode, Faults), Refusal> {
    match error {
        Error::Invalid(says) => Ok((StatusCode::UNPROCESSABLE_ENTITY, Faults::about(says, about))),
        Error::Conflict(says) => Ok((StatusCode::CONFLICT, Faults::about(says, about))),
        Error::Forbidden(says) => Ok((StatusCode::FORBIDDEN, Faults::whole(says))),
        error => Err(error.into()),
    }
}

/// The lines of a text that say something.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}
