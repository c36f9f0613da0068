//! What comes next in an engagement, in one line with the way to it.

use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::Next;
use tickmark_core::engagement::{AuditorStep, EngagementKey, ManagementStep, Paper, Step};

use super::href;
use crate::design::plural;
use crate::permission;
use crate::visit::Asked;

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
        S::ApproveScope => (
            "an executive approver who did not write the scope approves it".to_owned(),
            to("/approve", "Approve the scope"),
        ),
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
                Step::Review => ("reviews", "Review it"),
                Step::Approve => ("approves", "Approve it"),
            };
            (
                format!("somebody else {verb} {}", name_of(paper)),
                Some((format!("/sign/{}/{}", paper.word(), step.word()), button)),
            )
        }
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
        S::UploadSection => ("upload the signed Section I".to_owned(), to("/report", "Upload it")),
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

/// Draws it. The button stands there for whoever may go there.
pub(in crate::engagement) fn line(key: EngagementKey, next: Option<Next>, asked: &Asked) -> Markup {
    let Some(next) = next else { return html! {} };
    let (says, way) = match next {
        Next::Management(step) => management(step),
        Next::Auditor(step) => auditor(step),
    };
    let way = way.map(|(end, words)| (format!("{}{end}", href(key)), words)).filter(|(path, _)| {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        asked.visit.actor.as_deref().is_some_and(|actor| permission::offers(actor, path))
    });
    html! {
        p.row.next { span { strong { "Next" } ": " (says) "." } @if let Some((path, words)) = way { a.button.primary href=(path) { (words) } } }
    }
}
