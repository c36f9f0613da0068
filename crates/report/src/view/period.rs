//! Geometry of the period picture: moments become shares of the width, stretches become days.

use serde_json::{Value, json};
use tickmark_core::Timestamp;
use tickmark_core::report::readiness::{PeriodPicture, Strip, StripState};
use tickmark_core::time::DAY_US;

/// Most labels on the axis; more would overlap.
const MOST_TICKS: usize = 13;

/// Thousandths of the width that a label needs. A first month that began before the picture is named at the left edge if
/// there is room up to the next.
const LABEL_ROOM: i64 = 120;

/// Returns ticks and strips with positions in thousandths of the width, and days by state. Time before `cut_off` that
/// no stretch covers counts as unknown.
pub(crate) fn of(picture: &PeriodPicture, cut_off: Timestamp) -> Value {
    json!({
        "from": picture.from,
        "to": picture.to,
        "ticks": ticks(picture),
        "now": position(picture, cut_off),
        "strips": picture.strips.iter().map(|strip| draw(picture, strip, cut_off)).collect::<Vec<_>>(),
    })
}

fn draw(picture: &PeriodPicture, strip: &Strip, cut_off: Timestamp) -> Value {
    let mut spans = Vec::new();
    let mut micros = [0_i64; 4];
    let seen_until = cut_off.clamp(picture.from, picture.to.max(picture.from));
    for span in &strip.spans {
        let from = span.from.max(picture.from);
        let to = span.to.unwrap_or(cut_off).min(picture.to);
        if from >= to {
            continue;
        }
        let (x, end) = (position(picture, from), position(picture, to));
        spans.push(json!({"x": x, "width": (end - x).max(0), "state": span.state}));
        if let Some(slot) = slot(span.state) {
            micros[slot] += (to.min(seen_until).micros() - from.micros()).max(0);
        }
    }
    let covered: i64 = micros.iter().sum::<i64>() + not_applicable(strip, picture, seen_until);
    micros[2] += (seen_until.micros() - picture.from.micros() - covered).max(0);
    json!({
        "control": strip.control,
        "title": strip.title,
        "spans": spans,
        "operating": days(micros[0]),
        "deviation": days(micros[1]),
        "unknown": days(micros[2]),
        "waived": days(micros[3]),
        "cites": strip.cites,
    })
}

fn slot(state: StripState) -> Option<usize> {
    match state {
        StripState::Operating => Some(0),
        StripState::Deviation => Some(1),
        StripState::Unknown => Some(2),
        StripState::Waived => Some(3),
        StripState::NotApplicable | StripState::NotYetDue => None,
    }
}

fn not_applicable(strip: &Strip, picture: &PeriodPicture, until: Timestamp) -> i64 {
    let spans = strip.spans.iter().filter(|span| span.state == StripState::NotApplicable);
    spans
        .map(|span| {
            let to = span.to.unwrap_or(until).min(until);
            (to.micros() - span.from.max(picture.from).micros()).max(0)
        })
        .sum()
}

/// Days with one decimal; a stretch that exists never shows as zero.
fn days(micros: i64) -> String {
    if micros <= 0 {
        return "0".into();
    }
    let tenths = (micros / (DAY_US / 10)).max(1);
    if tenths % 10 == 0 { format!("{}", tenths / 10) } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

fn position(picture: &PeriodPicture, at: Timestamp) -> i64 {
    let whole = picture.to.micros() - picture.from.micros();
    if whole <= 0 {
        return 0;
    }
    let part = at.micros() - picture.from.micros();
    i64::try_from(i128::from(part) * 1_000 / i128::from(whole)).unwrap_or(0).clamp(0, 1_000)
}

/// First days of months, or of every n-th month when there are many; the left edge when there is none.
fn ticks(picture: &PeriodPicture) -> Vec<Value> {
    let start = jiff::tz::TimeZone::UTC.to_datetime(picture.from.to_jiff()).date().first_of_month();
    let mut months = Vec::new();
    let mut date = start;
    // 1,200 months are a century: a limit, not an expectation.
    for _ in 0..1_200 {
        let midnight = date.to_datetime(jiff::civil::Time::midnight());
        let Ok(moment) = jiff::tz::TimeZone::UTC.to_timestamp(midnight) else { break };
        let moment = Timestamp::from(moment);
        if moment >= picture.to {
            break;
        }
        if moment >= picture.from {
            months.push((moment, date));
        }
        let Ok(next) = date.checked_add(jiff::Span::new().months(1)) else { break };
        date = next;
    }
    let step = months.len().div_ceil(MOST_TICKS).max(1);
    let shown = months.iter().step_by(step);
    let mut ticks: Vec<Value> = shown
        .map(|(moment, date)| {
            let label = if date.month() == 1 { date.strftime("%b %Y") } else { date.strftime("%b") };
            json!({"x": position(picture, *moment), "label": label.to_string()})
        })
        .collect();
    match ticks.first().and_then(|tick| tick["x"].as_i64()) {
        None => ticks.push(json!({"x": 0, "label": picture.from.date()})),
        Some(x) if x > LABEL_ROOM => {
            ticks.insert(0, json!({"x": 0, "label": start.strftime("%b").to_string()}));
        }
        Some(_) => {}
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;
    use tickmark_core::report::readiness::StripSpan;

    fn day(n: i64) -> Timestamp {
        // 2026-01-01 is day 0.
        Timestamp::from_seconds(1_767_225_600 + n * 86_400)
    }

    #[test]
    fn time_without_a_stretch_is_unknown() {
        let span = |from, to, state| StripSpan { from: day(from), to, state };
        let strip = Strip {
            control: "NET-01".into(),
            title: "Boundary".into(),
            spans: vec![
                span(10, Some(day(40)), StripState::Operating),
                span(40, Some(day(43)), StripState::Deviation),
                span(43, None, StripState::Operating),
            ],
            cites: Vec::new(),
        };
        let picture = PeriodPicture { from: day(0), to: day(100), strips: vec![strip] };
        let drawn = of(&picture, day(50));
        let strip = &drawn["strips"][0];
        assert_eq!((&strip["operating"], &strip["deviation"]), (&json!("37"), &json!("3")));
        assert_eq!(strip["unknown"], json!("10"));
        assert_eq!(strip["spans"][1], json!({"x": 400, "width": 30, "state": "deviation"}));
        assert_eq!(drawn["ticks"][0], json!({"x": 0, "label": "Jan 2026"}));
        assert_eq!(drawn["ticks"][3], json!({"x": 900, "label": "Apr"}));
    }

    #[test]
    fn a_period_without_length_is_drawn_without_complaint() {
        let drawn = of(&PeriodPicture { from: day(3), to: day(3), strips: Vec::new() }, day(1));
        assert_eq!(drawn["now"], json!(0));
        assert_eq!(drawn["ticks"].as_array().map(Vec::len), Some(1));
    }

    #[test]
    fn a_month_that_began_before_the_picture_is_named_at_its_edge() {
        let labels = |from: i64| {
            let drawn =
                of(&PeriodPicture { from: day(from), to: day(from + 60), strips: Vec::new() }, day(90));
            drawn["ticks"].clone()
        };
        // From 12 January on, February begins after a third; from 27 January on, too early for two labels.
        assert_eq!(labels(11)[0], json!({"x": 0, "label": "Jan"}));
        assert_eq!(labels(11)[1]["label"], json!("Feb"));
        assert_eq!(labels(26)[0], json!({"x": 83, "label": "Feb"}));
    }

    #[test]
    fn a_short_stretch_never_shows_as_zero() {
        assert_eq!(days(1), "0.1");
        assert_eq!(days(DAY_US * 5 / 2), "2.5");
        assert_eq!(days(0), "0");
    }
}
