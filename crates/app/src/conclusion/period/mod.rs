//! What follows over a period: the board of all controls, and one control down to its targets, windows and items.
//!
//! Only reads. Every control is looked at as of its time: only while it was in force, only by checks that were mapped to
//! it then, only at targets that were there. The arithmetic is `core::conclusion::period`. Whoever asks what was known at an
//! earlier moment is told nothing that was recorded later, so that a past conclusion comes out as it did.

mod material;

use std::collections::BTreeMap;

use serde::Serialize;
use tickmark_core::conclusion::period::{
    Cell, Conclusion, Coverage, Fix, Grain, Part, SampleResult, State, TestKind, WindowRow,
};
use tickmark_core::control::{ControlId, ControlState, Tolerance};
use tickmark_core::id::TargetKey;
use tickmark_core::program::population::Population;
use tickmark_core::{Span, Timestamp};

use self::material::{Bounds, Material};
use crate::context::View;
use crate::control::tolerance::ToleranceVersion;
use crate::{Error, Result, observation};

/// Longest period that is answered, in days: ten years.
pub const MAX_PERIOD_DAYS: i64 = 3_660;

/// What is asked: a period, an open end being now, and what may be known for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The period.
    pub span: Span,
    /// Only what was recorded up to this moment counts, and it is the moment of looking; none for now.
    pub known_at: Option<Timestamp>,
}

impl From<Span> for Question {
    fn from(span: Span) -> Self {
        Self { span, known_at: None }
    }
}

/// All controls over a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Board {
    /// First moment.
    pub from: Timestamp,
    /// First moment after it.
    pub to: Timestamp,
    /// The moment of looking; what lies after it is not yet due.
    pub now: Timestamp,
    /// How the period is cut.
    pub grain: Grain,
    /// One row for each control, by id.
    pub rows: Vec<BoardRow>,
}

/// One control over a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BoardRow {
    /// The control.
    pub control: ControlId,
    /// Its title at the end of the period.
    pub title: String,
    /// How far it has come. A draft is promised to nobody; what its tests say is shown all the same.
    pub force: ControlState,
    /// Tests of it in the period: what is asked, and by which check, rhythm or trigger. Empty when nothing tests it.
    pub tests: Vec<(TestKind, String)>,
    /// The worst of all cells.
    pub state: State,
    /// Cells in order of time.
    pub cells: Vec<Cell>,
    /// Windows in which it was due.
    pub windows: Vec<WindowRow>,
}

/// What all tests of one control say over a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ControlConclusion {
    /// The control.
    pub control: ControlId,
    /// The worst that is known.
    pub state: State,
    /// One conclusion for each test.
    pub tests: Vec<Conclusion>,
    /// What belongs to each of them, in the same order.
    pub details: Vec<TestDetail>,
}

/// What belongs to a conclusion about one test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestDetail {
    /// How long the check may fail now; none when it may not, and for other kinds of test.
    pub tolerance: Option<Tolerance>,
    /// Up to when it reaches, and what is left.
    pub coverage: Coverage,
    /// Before, between and after fixes of its findings, each a population of its own; empty when nothing was fixed.
    pub parts: Vec<Part>,
}

/// One control over a period, down to its targets, windows and items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ControlPeriod {
    /// Its row.
    pub row: BoardRow,
    /// What each test says, in the order of the row.
    pub tests: Vec<TestPeriod>,
    /// Populations of the control that touch the period.
    pub populations: Vec<ListPeriod>,
    /// Fixes of its findings within the period, oldest first.
    pub fixes: Vec<Fix>,
}

/// A population with what was found about its items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListPeriod {
    /// The population.
    #[serde(flatten)]
    pub population: Population,
    /// Items whose attributes are all met.
    pub conforming: usize,
    /// Items with an attribute that is not met.
    pub deviating: usize,
    /// Items of which not all attributes were looked at.
    pub not_tested: usize,
    /// Items that were not selected: the sample speaks for them.
    pub unsampled: usize,
    /// What the newest sample says.
    pub sample: Option<SampleResult>,
}

/// One test over a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestPeriod {
    /// What it says.
    pub conclusion: Conclusion,
    /// What belongs to it.
    pub detail: TestDetail,
    /// How long the check might fail, oldest first; for tests of configuration.
    pub tolerances: Vec<ToleranceVersion>,
    /// Its cells, cut as the row's.
    pub cells: Vec<Cell>,
    /// Each target, for tests of configuration.
    pub targets: Vec<TargetPeriod>,
}

/// One target of a test over a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TargetPeriod {
    /// The target.
    pub target: TargetKey,
    /// Its name.
    pub name: String,
    /// Cells, cut as the row's.
    pub cells: Vec<Cell>,
}

/// Returns all controls over a period.
///
/// # Errors
/// `Invalid` for a period without time or longer than [`MAX_PERIOD_DAYS`], and for what will be known later; else as the
/// database answers.
pub async fn board(view: &mut View<'_>, asked: impl Into<Question>) -> Result<Board> {
    let material = Material::load(view, asked.into(), None, Bounds::Clipped).await?;
    let rows = material.controls().map(|control| material.row(control)).collect();
    Ok(Board { from: material.from, to: material.to, now: material.now, grain: material.grain, rows })
}

/// Concludes on every test of every control over a period.
///
/// # Errors
/// As [`board`].
pub async fn conclude(view: &mut View<'_>, asked: impl Into<Question>) -> Result<Vec<ControlConclusion>> {
    let material = Material::load(view, asked.into(), None, Bounds::True).await?;
    Ok(material.controls().map(|control| material.conclusion(control)).collect())
}

/// Concludes on every test of one control over a period.
///
/// # Errors
/// As [`control_period`].
pub async fn conclude_one(
    view: &mut View<'_>,
    id: &ControlId,
    asked: impl Into<Question>,
) -> Result<ControlConclusion> {
    let material = Material::load(view, asked.into(), Some(id), Bounds::True).await?;
    let control = material.current.get(id).ok_or_else(|| Error::not_found("control", id))?;
    Ok(material.conclusion(control))
}

/// Returns one control over a period, down to its targets, windows and items.
///
/// # Errors
/// As [`board`]; `NotFound` if there is no such control.
pub async fn control_period(
    view: &mut View<'_>,
    id: &ControlId,
    asked: impl Into<Question>,
) -> Result<ControlPeriod> {
    let material = Material::load(view, asked.into(), Some(id), Bounds::True).await?;
    let control = material.current.get(id).ok_or_else(|| Error::not_found("control", id))?;
    let names: BTreeMap<TargetKey, String> = observation::targets(view)
        .await?
        .into_iter()
        .map(|target| (target.key, target.target.name))
        .collect();
    let ControlConclusion { tests, details, .. } = material.conclusion(control);
    let tests = tests
        .into_iter()
        .zip(details)
        .map(|(conclusion, detail)| material.test_period(control, conclusion, detail, &names))
        .collect();
    Ok(ControlPeriod {
        row: material.row(control),
        tests,
        populations: material.list_periods(id),
        fixes: material.fixes_of(id, None).cloned().collect(),
    })
}
