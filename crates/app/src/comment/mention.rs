//! Whom the text of a comment names.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::id::ActorId;
use tickmark_core::identity::Standing;

use crate::context::Cx;
use crate::identity::people::{self, Member};
use crate::{Error, Result};

/// Most people whom one comment names.
const MENTIONS_MAX: usize = 20;

/// Whom a text names: members after an `@`, by their name or address. Nobody names themselves.
pub(super) async fn named(cx: &mut Cx<'_>, text: &str) -> Result<BTreeSet<ActorId>> {
    if !text.contains('@') {
        return Ok(BTreeSet::new());
    }
    let here: Vec<Member> = people::everybody(cx).await?;
    let here = here.iter().filter(|member| member.standing == Standing::Active);
    let names: BTreeMap<String, ActorId> = here
        .flat_map(|member| [&member.name, &member.email].map(|name| (name.to_lowercase(), member.actor)))
        .collect();
    let found: BTreeSet<ActorId> = mentions_in(text, &names)
        .into_iter()
        .map(|(_, actor)| actor)
        .filter(|one| *one != cx.actor.id)
        .collect();
    if found.len() > MENTIONS_MAX {
        return Err(Error::invalid(format!("a comment names at most {MENTIONS_MAX} people")));
    }
    Ok(found)
}

/// Finds the names after each `@`, the longest that fits, with where they stand in the text in bytes.
#[must_use]
pub fn mentions_in(text: &str, names: &BTreeMap<String, ActorId>) -> Vec<(std::ops::Range<usize>, ActorId)> {
    let mut found: Vec<(std::ops::Range<usize>, ActorId)> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let is_inside = found.last().is_some_and(|(range, _)| range.contains(&at));
        let before = text[..at].chars().next_back();
        // The at sign of an address is none.
        if is_inside || before.is_some_and(char::is_alphanumeric) {
            continue;
        }
        let rest = &text[at + 1..];
        let best = names
            .iter()
            .filter_map(|(name, actor)| {
                let length = beginning(rest, name)?;
                let next = rest[length..].chars().next();
                (!next.is_some_and(char::is_alphanumeric)).then_some((length, *actor))
            })
            .max_by_key(|(length, _)| *length);
        if let Some((length, actor)) = best {
            found.push((at..at + 1 + length, actor));
        }
    }
    found
}

/// How many bytes of `text` are `name`, whatever the case; none if it does not begin so.
fn beginning(text: &str, name: &str) -> Option<usize> {
    let mut wanted = name.chars();
    let mut length = 0;
    for letter in text.chars() {
        if wanted.as_str().is_empty() {
            break;
        }
        for small in letter.to_lowercase() {
            if wanted.next() != Some(small) {
                return None;
            }
        }
        length += letter.len_utf8();
    }
    (wanted.as_str().is_empty() && length > 0).then_some(length)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn names_after_an_at_sign_are_mentions() {
        let id = |n: u128| ActorId(Uuid::from_u128(n));
        let names = BTreeMap::from([
            ("ada".to_owned(), id(1)),
            ("ada byron".to_owned(), id(2)),
            ("ada@example.com".to_owned(), id(1)),
            ("ülo".to_owned(), id(3)),
        ]);
        for (text, expected) in [
            ("@Ada please", vec![("@Ada", 1)]),
            ("(@ada byron, @Ada)", vec![("@ada byron", 2), ("@Ada", 1)]),
            ("@ada@example.com and @ÜLO.", vec![("@ada@example.com", 1), ("@ÜLO", 3)]),
            ("mail ada@ada or @adam, @", vec![]),
            ("@@ada", vec![("@ada", 1)]),
            ("@", vec![]),
        ] {
            let found: Vec<(&str, ActorId)> =
                mentions_in(text, &names).into_iter().map(|(range, actor)| (&text[range], actor)).collect();
            let expected: Vec<(&str, ActorId)> =
                expected.into_iter().map(|(part, n)| (part, id(n))).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
