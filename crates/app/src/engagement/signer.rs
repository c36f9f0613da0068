//! Who could sign a document, so that whoever may not knows whom to ask.

use tickmark_core::engagement::Step;
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Scope, Standing, Verb, matrix};

use super::{atom, signing};
use crate::Result;
use crate::context::View;
use crate::identity::people::{self, Member};

/// Members whose roles let them sign, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signers(Vec<(Step, ActorId, String)>);

impl Signers {
    /// Returns the names of those who may take a step; `is_apart` says whether somebody took no earlier one.
    pub fn of(&self, step: Step, is_apart: impl Fn(ActorId) -> bool) -> Vec<&str> {
        let could = self.0.iter().filter(|(of, who, _)| *of == step && is_apart(*who));
        could.map(|(_, _, name)| name.as_str()).collect()
    }
}

/// Returns the members who may review or approve documents of engagements.
///
/// # Errors
/// `Forbidden` for whoever may see no engagement.
pub async fn signers(view: &mut View<'_>) -> Result<Signers> {
    view.permit(atom(Verb::Read))?;
    let now = view.now;
    let is_here = |one: &Member| one.standing == Standing::Active && one.valid.contains(now);
    let may = |one: &Member, step: Step| {
        one.roles.iter().any(|role| matrix::scope(*role, signing(step)) == Some(Scope::Organization))
    };
    let mut signers = Signers::default();
    for member in people::everybody(view).await?.into_iter().filter(is_here) {
        for step in [Step::Review, Step::Approve] {
            if may(&member, step) {
                signers.0.push((step, member.actor, member.name.clone()));
            }
        }
    }
    Ok(signers)
}
