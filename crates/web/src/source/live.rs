//! Pages over the running program: each question is answered by the use cases of `app`, in one read.

mod coverage;
mod findings;
mod gaps;
mod known;
mod look;
mod observed;
mod over_time;
mod overview;
mod period;
mod proof;
mod readiness;

use std::ops::Deref;
use std::sync::Arc;

use tickmark_app::conclusion::{Mark, Standing};
use tickmark_app::{View, conclusion, identity};
use tickmark_core::conclusion::chosen::{LOOK_BACK_DAYS, looks_back};
use tickmark_core::observation::Gap;
use tickmark_core::observation::interval::Interval;
use tickmark_core::time::DAY_US;
use tickmark_core::{Span, Timestamp};

use self::known::{Followed, Known, Turn};
use crate::conclusion::OverviewView;
use crate::conclusion::finding::FindingRow;
use crate::conclusion::over_time::Figures;
use crate::design::badge;
use crate::design::frame::Context;
use crate::design::strip::{Segment, Strip};
use crate::error::Refusal;
use crate::source::Pages;

/// Ids of checks with their titles.
type CheckTitles = Arc<[(String, String)]>;

/// The running program, looked at by one actor.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pages: Arc<Pages>,
    known_gaps: Arc<Known<Arc<[Gap]>>>,
    known_figures: Arc<Known<Figures>>,
    findings: Arc<Followed<Arc<[FindingRow]>>>,
    overview: Arc<Followed<Arc<OverviewView>>>,
    check_titles: Arc<Followed<CheckTitles>>,
}

impl Deref for Live {
    type Target = Pages;

    fn deref(&self) -> &Pages {
        &self.pages
    }
}

impl Live {
    pub(super) fn new(pages: Pages) -> Self {
        let turn = Turn::default();
        Self {
            pages: Arc::new(pages),
            known_gaps: Arc::default(),
            known_figures: Arc::default(),
            findings: Arc::new(Followed::in_turn(&turn)),
            overview: Arc::new(Followed::in_turn(&turn)),
            check_titles: Arc::new(Followed::in_turn(&Turn::default())),
        }
    }

    pub(super) async fn context(&self) -> Result<Context, Refusal> {
        let now = self.app.now();
        let read = async |view: &mut View<'_>| {
            let (systems, example) = (identity::systems(view).await?, identity::example(view).await?);
            Ok((systems, example, conclusion::scope::current(view).await?))
        };
        let (systems, example, chosen) = self.app.read(&self.actor, read).await?;
        let period = chosen.map_or_else(|| period(now), |one| looks_back(one.choice.target, now));
        Ok(Context {
            organization: self.actor.organization.name.clone(),
            // Of several, none is that of the page: naming one would be wrong on the others.
            system: match systems.as_slice() {
                [only] => only.name.clone(),
                _ => String::new(),
            },
            systems: systems.into_iter().map(|system| (system.id.to_string(), system.name)).collect(),
            aim: "Readiness".to_owned(),
            from: period.from,
            to: now,
            notice: example.map(|_| identity::EXAMPLE_NOTICE.to_owned()).unwrap_or_default(),
        })
    }

    async fn mark(&self) -> Result<Mark, Refusal> {
        Ok(self.app.read(&self.actor, async |view| conclusion::mark(view).await).await?)
    }

    async fn standing(&self) -> Result<Standing, Refusal> {
        Ok(self.app.read(&self.actor, async |view| conclusion::standing(view, &self.catalog).await).await?)
    }
}

impl From<tickmark_app::Error> for Refusal {
    fn from(error: tickmark_app::Error) -> Self {
        use tickmark_app::Error;
        match error {
            // A thing that may not be known of is not found.
            Error::NotFound { .. } | Error::Forbidden(_) | Error::StepUp => Self::NotFound,
            Error::Conflict(_) | Error::Invalid(_) => Self::Malformed,
            Error::Unavailable { .. } => Self::Unavailable(chain(&error)),
            Error::Damaged { .. } => Self::Damaged(chain(&error)),
            Error::Internal { .. } => Self::Internal(chain(&error)),
        }
    }
}

/// An error with everything under it, for the log.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        below = cause.source();
    }
    text
}

/// The time that the frame names while nobody chose what is aimed at.
fn period(now: Timestamp) -> Span {
    Span { from: now.plus_micros(-LOOK_BACK_DAYS * DAY_US), to: Some(now) }
}

/// History as a strip over a period.
fn strip_over(label: &str, history: &[Interval], span: Span, now: Timestamp) -> Strip {
    let end = span.to.unwrap_or(now);
    let segments = history
        .iter()
        .filter(|interval| interval.span.from < end && interval.span.to.is_none_or(|to| to > span.from))
        .map(|interval| Segment {
            from: interval.span.from.max(span.from),
            to: interval.span.to.filter(|to| *to < end),
            mark: badge::mark_of(interval.verdict),
            word: badge::word_of(interval.verdict).to_owned(),
            note: interval.reason.map(|reason| reason.plain().to_owned()).unwrap_or_default(),
            href: String::new(),
        })
        .collect();
    Strip { label: label.to_owned(), from: span.from, to: end, now, segments }
}

/// The group of a check: the first word of its id.
fn group_of(check: &str) -> String {
    check.split('-').next().unwrap_or(check).to_owned()
}

/// What a facts document says it could not see.
fn gaps_of(document: &serde_json::Value) -> Vec<Gap> {
    let gaps = document.get("gaps").cloned().unwrap_or_default();
    serde_json::from_value(gaps).unwrap_or_default()
}
