//! An item as it was in an earlier revision, worked out from what happened to it: each revision is one happening.

use tickmark_core::evidence::item::{Item, State, Step};

use super::Whole;

impl Whole {
    /// Returns the item as it was in a revision; none if there was none, or what happened says too little.
    #[must_use]
    pub fn at_revision(&self, revision: i64) -> Option<Item> {
        let until = usize::try_from(revision).ok().filter(|until| *until > 0)?;
        let (before, after) = self.history.split_at_checked(until)?;
        if i64::try_from(self.history.len()).ok()? != self.item.revision {
            return None;
        }
        let mut item =
            Item { state: State::Draft, revision, submitted: None, decided: None, ..self.item.clone() };
        for happening in after.iter().rev() {
            match (happening.event.as_str(), happening.about.parse()) {
                ("linked", Ok(control)) => {
                    item.controls.remove(&control);
                }
                ("unlinked", Ok(control)) => {
                    item.controls.insert(control);
                }
                _ => {}
            }
        }
        for happening in before {
            let Some(step) = Step::ALL.iter().copied().find(|step| step.word() == happening.event) else {
                continue;
            };
            item.state = item.state.after(step)?;
            let moved = Some((happening.by, happening.at));
            match step {
                Step::Revise => item.submitted = None,
                Step::Submit => item.submitted = moved,
                Step::Accept | Step::Return => item.decided = moved,
                Step::Withdraw => {}
            }
        }
        let number = before.last()?.version;
        item.version = self.versions.iter().find(|version| version.number == number)?.clone();
        Some(item)
    }
}
