//! Where what somebody has to do is done: the same for the page and for the API.

use tickmark_app::engagement::fieldwork::waiting::{Unanswered, WaitingRequest};
use tickmark_app::program::access_review::WaitingReview;
use tickmark_app::program::performance::Due;
use tickmark_app::work::{Aging, OwnFinding};
use tickmark_core::control::TestRecord;
use tickmark_core::evidence::item::Item;
use tickmark_core::observation::CheckDraft;
use tickmark_core::observation::waiver::Waiver;

use crate::design::segment;

/// Exceptions to conflicts of duties are decided about where the conflicts stand.
pub(crate) const CONFLICTS: &str = "/segregation";

pub(crate) fn window(due: &Due) -> String {
    let (control, window) = (segment(due.control.as_str()), segment(&due.window.id));
    format!("/controls/{control}/occurrences?window={window}#record")
}

pub(crate) fn item(item: &Item) -> String {
    format!("/evidence/items/{}", item.key)
}

pub(crate) fn request(one: &WaitingRequest) -> String {
    format!("/engagements/{}/requests/{}", one.engagement.0, one.number)
}

pub(crate) fn exception(one: &Unanswered) -> String {
    format!("/engagements/{}/workpapers/{}#exceptions", one.engagement.0, one.workpaper)
}

pub(crate) fn review(one: &WaitingReview) -> String {
    format!("/access-reviews/{}/decide", one.key.0)
}

pub(crate) fn finding(one: &OwnFinding) -> String {
    format!("/findings/{}", segment(&one.reference))
}

pub(crate) fn aging(one: &Aging) -> String {
    format!("/evidence/items/new?control={}", segment(one.control.as_str()))
}

pub(crate) fn test(test: &TestRecord) -> String {
    format!("/controls/{}/tests/{}", segment(test.control.as_str()), segment(&test.id))
}

pub(crate) fn check(draft: &CheckDraft) -> String {
    format!("/checks/{}/draft", segment(&draft.check))
}

pub(crate) fn waiver(waiver: &Waiver) -> String {
    format!("/waivers/{}", waiver.id)
}
