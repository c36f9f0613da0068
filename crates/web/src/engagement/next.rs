//! What comes next in an engagement, in one line with the way to it.

use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::Next;
use tickmark_app::engagement::fieldwork::access::LETTING_IN;
use tickmark_app::engagement::{Signers, signing};
use tickmark_core::engagement::{AuditorStep, Engagement, ManagementStep, Paper, Step};
use tickmark_core::id::ActorId;

use super::href;
use crate::design::plural;
use crate::permission;
use crate::visit::Asked;

/// People who are named where somebody else signs.
const NAMED: usize = 3;

/// What is said, and where it is done: the end of an address and the words of the button; none where others are at work.
type Says = (String, Option<(String, &'static str)>);

fn to(end: &str, words: &'static str) -> Option<(String, &'static str)> {
    Some((end.to_owned(), words))
}

fn counted(count: usize, one: &'static str, many: &'static str) -> String {
    format!("{count} {}", plural(count, one, many))
}

fn name_of(paper: Paper) -> &'static str {
    match paper {
        Paper::Description => "the description of the system",
        Paper::Assertion => "management\u{2019}s assertion",
    }
}

/// Puts the address of an engagement before the end of what is done in it.
fn of_engagement(record: &Engagement, (says, way): Says) -> Says {
    (says, way.map(|(end, words)| (format!("{}{end}", href(record.key)), words)))
}

fn management(step: ManagementStep) -> Says {
    use ManagementStep as S;
    match step {
        S::MendScope(problems) => (
            format!(
                "mend {} of the scope, so that it can be approved",
                counted(problems, "problem", "problems")
            ),
            to("#open", "See what is to mend"),
        ),
        S::ApproveScope => ("approve the scope".to_owned(), to("/approve", "Approve the scope")),
        S::LetIn => ("let people of the audit firm in".to_owned(), to("/access", "Let them in")),
        S::Answer(requests) => (
            format!("answer {}", counted(requests, "request", "requests")),
            to("/requests", "See the requests"),
        ),
        S::Respond(exceptions) => (
            format!("answer {} that the auditor shared", counted(exceptions, "exception", "exceptions")),
            to("/workpapers", "See the results"),
        ),
        S::Write(paper) => {
            (format!("write {}", name_of(paper)), Some((format!("/{}", paper.word()), "Write it")))
        }
        S::Sign(paper, step) => {
            let (verb, button) = match step {
                Step::Review => ("review", "Review it"),
                Step::Approve => ("approve", "Approve it"),
            };
            (
                format!("{verb} {}", name_of(paper)),
                Some((format!("/sign/{}/{}", paper.word(), step.word()), button)),
            )
        }
        S::ConfirmChanges(controls) => (
            format!(
                "confirm what changed of {} in scope since management signed",
                counted(controls, "control", "controls")
            ),
            to("/report#changed", "See what changed"),
        ),
        S::Finish(missing) => (
            format!("see to {} that the report waits for", counted(missing, "thing", "things")),
            to("/report", "See what is missing"),
        ),
        S::RecordRevised => (
            "record the revised report once the auditor gives it to you; nobody is given the earlier one"
                .to_owned(),
            to("/received/file", "Record the revised report"),
        ),
        S::Complete => (
            "the report is there; letters and the next examination follow it".to_owned(),
            to("/completion", "See what follows"),
        ),
        S::Await => ("nothing waits for management; the auditor works".to_owned(), None),
    }
}

fn auditor(step: AuditorStep) -> Says {
    use AuditorStep as S;
    match step {
        S::Ask => ("say what you need from management".to_owned(), to("/requests/import", "Ask for it")),
        S::Decide(answers) => (
            format!("decide about {}", counted(answers, "answer", "answers")),
            to("/requests?state=submitted", "See the answers"),
        ),
        S::Review(papers) => (
            format!("review {}", counted(papers, "workpaper", "workpapers")),
            to("/workpapers", "See the workpapers"),
        ),
        S::Begin(controls) => (
            format!("test {} without a workpaper", counted(controls, "control", "controls")),
            to("/workpapers/new", "Begin a workpaper"),
        ),
        S::Prepare(papers) => (
            format!("finish and sign {}", counted(papers, "workpaper", "workpapers")),
            to("/workpapers", "See the workpapers"),
        ),
        S::AwaitAnswers(requests) => (
            format!("management answers {}", counted(requests, "request", "requests")),
            to("/requests?state=open", "See the requests"),
        ),
        S::RecordOpinion => ("record the opinion".to_owned(), to("/report", "Record it")),
        S::UploadSection => {
            ("upload your firm\u{2019}s signed report".to_owned(), to("/report", "Upload it"))
        }
        S::AwaitDocuments(missing) => {
            (format!("before the report is issued: {missing}"), to("/report", "See what is missing"))
        }
        S::Issue => ("mark the report as issued".to_owned(), to("/report", "Go to the report")),
        S::TakeFile => (
            "nothing changes any more; your firm\u{2019}s file can be taken out".to_owned(),
            to("/report", "Go to the file"),
        ),
    }
}

/// A signature that comes next: which step it is, what it does to what, and whether somebody took no earlier one.
type Signature<'a> = (Step, String, Box<dyn Fn(ActorId) -> bool + 'a>);

/// Returns the signature that comes next, if one does.
fn signature<'a>(record: &'a Engagement, next: &Next) -> Option<Signature<'a>> {
    match *next {
        Next::Management(ManagementStep::ApproveScope) => Some((
            Step::Approve,
            "approves the scope".to_owned(),
            Box::new(move |who| !record.is_author(who)),
        )),
        Next::Management(ManagementStep::Sign(paper, step)) => {
            let verb = match step {
                Step::Review => "reviews",
                Step::Approve => "approves",
            };
            let does = format!("{verb} {}", name_of(paper));
            Some((step, does, Box::new(move |who| record.is_apart(paper, step, who))))
        }
        Next::Management(ManagementStep::ConfirmChanges(_)) => Some((
            Step::Approve,
            "confirms what changed of controls in scope since management signed".to_owned(),
            Box::new(|_| true),
        )),
        _ => None,
    }
}

/// Tells whether what comes next is a signature that is not for whoever looks: by their role, or because they took an earlier
/// step themselves.
pub(super) fn is_for_others(record: &Engagement, next: &Next, asked: &Asked) -> bool {
    let Some((step, _, is_apart)) = signature(record, next) else { return false };
    let who = asked.visit.actor.as_deref().map(|actor| actor.id);
    !asked.may(signing(step)) || !who.is_some_and(is_apart)
}

/// Says who may do something that is not for whoever looks.
pub(super) fn instead(names: &[&str]) -> String {
    match names {
        [] => "nobody else here has a role that may".to_owned(),
        [one] => format!("{one} may"),
        [first @ .., last] if names.len() <= NAMED => format!("{} or {last} may", first.join(", ")),
        _ => {
            let (named, others) = names.split_at(NAMED - 1);
            format!("{} or {} others may", named.join(", "), others.len())
        }
    }
}

/// Draws it. The button stands there for whoever may go there; others read who may.
pub(in crate::engagement) fn line(
    record: &Engagement,
    next: Option<Next>,
    signers: &Signers,
    asked: &Asked,
) -> Markup {
    let Some(next) = next else { return html! {} };
    let for_others = signature(record, &next).filter(|_| is_for_others(record, &next, asked));
    let (says, way) = match (for_others, next) {
        (Some((step, does, is_apart)), _) => {
            let names = signers.of(step, is_apart);
            let way = names.is_empty().then(|| ("/people".to_owned(), "See who has which role"));
            (format!("somebody else {does}: {}", instead(&names)), way)
        }
        (None, Next::Management(ManagementStep::LetIn)) if !asked.may(LETTING_IN) => {
            ("an owner or administrator lets people of the audit firm in".to_owned(), None)
        }
        (None, Next::Management(step)) => of_engagement(record, management(step)),
        (None, Next::Auditor(step)) => of_engagement(record, auditor(step)),
    };
    let way = way.filter(|(path, _)| {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        asked.visit.actor.as_deref().is_some_and(|actor| permission::offers(actor, path))
    });
    html! {
        p.row.next { span { strong { "Next" } ": " (says) "." } @if let Some((path, words)) = way { a.button.primary href=(path) { (words) } } }
    }
}
