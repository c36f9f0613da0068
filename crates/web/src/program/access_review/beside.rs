//! What stands beside a right for whoever decides about it: who else of the same job or team has it, what changed since the
//! last review, and what a later list shows.

use maud::{Markup, html};
use tickmark_app::program::access_review::Later;
use tickmark_core::program::access_review::{Flag, Item, Peers, Review, Together};

use crate::design::{moment, plural};

/// Draws it as lines of a list of facts. `names` says whether people are named: what the roster says of them is not for
/// everybody.
pub(super) fn lines(review: &Review, item: &Item, later: Option<&Later>, names: bool) -> Markup {
    let lists = review.snapshot.iter().flat_map(|snapshot| &snapshot.lists);
    let before = lists.into_iter().find(|list| list.list == item.list).and_then(|list| list.before);
    let is_persons = item.holding.kind.is_persons();
    html! {
        @if is_persons && item.holding.entitlement.is_some() {
            dt { "Peers" }
            dd {
                @match &item.peers {
                    Some(peers) => (of_peers(peers, names)),
                    None => span.muted { "None is known: nobody else in the lists has the same job or manager" },
                }
            }
        }
        dt { "Since the last review" }
        dd {
            @match before {
                None => span.muted { "No review of " (item.system) " was signed off before" },
                Some((last, list)) if item.flags.contains(&Flag::Added) => { "New since " (last) ", whose list " (list) " lacks it" },
                Some((last, _)) => { "There in " (last) " too" },
            }
            @if let Some(earlier) = item.earlier {
                span.sub {
                    (earlier.review) " decided on " (moment::date(earlier.decided_at)) " that it goes (item " (earlier.item) "). "
                    @if earlier.was_gone { "A list showed that it was gone, and it is there again." } @else { "No list showed that it was gone." }
                }
            }
        }
        @if let Some(later) = later {
            dt { "Since the snapshot" }
            dd {
                @if later.is_there { "It is there in " (later.list) " of " (moment::exact(later.at)) " too" }
                @else if later.is_complete { (later.list) " of " (moment::exact(later.at)) " lacks it" span.sub { "The snapshot stays as it was frozen: it is decided about all the same." } }
                @else { (later.list) " of " (moment::exact(later.at)) " lacks it, and does not tie out" }
            }
        }
    }
}

fn of_peers(peers: &Peers, names: bool) -> Markup {
    let others = usize::try_from(peers.others).unwrap_or(usize::MAX);
    let more = peers.with.saturating_sub(peers.named.len() as u64);
    html! {
        (peers.with) " of " (others) " " (plural(others, "other", "others")) " of the " (peers.by.title())
        @if names { " (" (peers.of) ")" }
        " " (plural(usize::try_from(peers.with).unwrap_or(usize::MAX), "has", "have")) " it"
        @if names && !peers.named.is_empty() { span.sub { (peers.named.join(", ")) @if more > 0 { " and " (more) " more" } } }
        @if peers.by == Together::Team { span.sub { "Nobody else in the lists has the same job." } }
    }
}
