//! The guided start: from answers about company and scope to a proposed program of starter controls, with why each is
//! proposed or left out. It proposes; people choose, and adopt only what the company really does.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::content::TEXT_MAX;
use crate::catalog::{Catalog, Framework, StarterControl};
use crate::words::words_of;

/// How many people work there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Size {
    /// Up to nine.
    #[default]
    Tiny,
    /// Ten to forty-nine.
    Small,
    /// Fifty to two hundred and forty-nine.
    Medium,
    /// More.
    Large,
}

/// What kind of company it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Company {
    /// Customers use its software over the internet.
    #[default]
    Software,
    /// It processes transactions or data for customers.
    Processing,
    /// It runs or manages systems for customers.
    Managed,
    /// Something else.
    Other,
}

/// Where people work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Premises {
    /// Nowhere in particular: there are no premises with anything in scope.
    #[default]
    Remote,
    /// In offices.
    Offices,
}

/// Where the systems run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hosting {
    /// At providers.
    #[default]
    Provider,
    /// In data centers of its own.
    Own,
    /// Both.
    Both,
}

words_of!(Size {
    Tiny = "tiny", "Up to 9";
    Small = "small", "10 to 49";
    Medium = "medium", "50 to 249";
    Large = "large", "250 and more";
});
words_of!(Company {
    Software = "software", "Customers use our software over the internet";
    Processing = "processing", "We process transactions or data for customers";
    Managed = "managed", "We run or manage systems for customers";
    Other = "other", "Something else";
});
words_of!(Premises {
    Remote = "remote", "Everybody works remotely; nothing in scope stands in premises of ours";
    Offices = "offices", "In offices with devices or systems in scope";
});
words_of!(Hosting {
    Provider = "provider", "At hosting or cloud providers";
    Own = "own", "In data centers of our own";
    Both = "both", "Both";
});

/// What was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answers {
    /// The services to report on, in words.
    pub services: String,
    /// What kind of company it is.
    pub company: Company,
    /// How many people work there.
    pub size: Size,
    /// Where they work.
    pub premises: Premises,
    /// Where the systems run.
    pub hosting: Hosting,
    /// Whether it writes the software of the services itself.
    pub builds_software: bool,
    /// Whether several customers share a system.
    pub shares_systems: bool,
    /// Categories chosen beside security, by their id in the framework.
    pub categories: BTreeSet<String>,
}

/// What is kept while somebody is at it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// What was answered.
    pub answers: Answers,
    /// Starter controls chosen by hand; none while the proposal stands as it is.
    pub chosen: Option<BTreeSet<String>>,
}

/// The question that chooses a category, and what follows from yes.
///
/// Source: `docs/domain/processes.md` section 1, questions that choose categories.
pub const QUESTIONS: [(&str, &str); 4] = [
    (
        "availability",
        "Do you promise customers, in contracts, that the service is up or recovered in a given time?",
    ),
    (
        "confidentiality",
        "Do you hold trade secrets or confidential data of customers under a promise to protect them?",
    ),
    (
        "processing-integrity",
        "Do you compute results that customers rely on, such as pay, invoices or measurements?",
    ),
    (
        "privacy",
        "Do you collect or handle personal data and make promises to the people themselves? If only to customers, confidentiality is often the better answer.",
    ),
];

/// One starter control as proposed or left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// The starter control.
    pub starter: &'a StarterControl,
    /// Whether it is proposed.
    pub is_proposed: bool,
    /// Why, in a sentence.
    pub why: String,
}

/// Controls that only make sense where software is written.
const OF_SOFTWARE: [&str; 6] = ["CHG-02", "CHG-03", "CHG-04", "CHG-06", "CHG-07", "CHG-08"];
/// Controls of premises.
const OF_PREMISES: [&str; 1] = ["PHY-01"];
/// Controls of somebody else's data center.
const OF_PROVIDERS: [&str; 1] = ["PHY-02"];
/// Controls that keep customers apart on a shared system.
const OF_SHARING: [&str; 1] = ["IAM-11"];

impl Answers {
    /// Refuses what cannot be read back.
    ///
    /// # Errors
    /// If the services are too long or a category is unknown.
    pub fn checked(self, framework: &Framework) -> Result<Self, String> {
        if self.services.chars().count() > TEXT_MAX
            || self.services.chars().any(|c| c.is_control() && c != '\n')
        {
            return Err(format!("services have at most {TEXT_MAX} characters and no control characters"));
        }
        match self.categories.iter().find(|id| !framework.categories.iter().any(|one| one.id == **id)) {
            Some(unknown) => Err(format!("there is no category {unknown}")),
            None => Ok(self),
        }
    }

    /// Returns the criteria in scope.
    #[must_use]
    pub fn criteria<'a>(&self, framework: &'a Framework) -> BTreeSet<&'a str> {
        let of_categories = framework
            .categories
            .iter()
            .filter(|category| self.categories.contains(&category.id))
            .flat_map(|category| &category.series);
        let series: BTreeSet<&String> = framework.common_series.iter().chain(of_categories).collect();
        framework
            .requirements()
            .filter(|requirement| series.contains(&requirement.series))
            .map(|requirement| requirement.id.as_str())
            .collect()
    }
}

/// Proposes a program: one verdict for each starter control of the framework, in the order of the catalog.
#[must_use]
pub fn propose<'a>(answers: &Answers, catalog: &'a Catalog, framework: &Framework) -> Vec<Verdict<'a>> {
    let scope = answers.criteria(framework);
    let starters = catalog.controls.iter().filter(|starter| starter.framework == framework.id);
    let mut verdicts: Vec<Verdict<'a>> = starters
        .map(|starter| {
            let (is_proposed, why) = verdict(answers, starter, framework, &scope);
            Verdict { starter, is_proposed, why }
        })
        .collect();
    // Leaving out what is not done must not leave a criterion to nobody: then it is said to be needed in another way.
    for criterion in unanswered(&verdicts, &scope) {
        let mut of_it = verdicts.iter_mut().filter(|one| one.starter.criteria.contains(&criterion));
        if let Some(kept) = of_it.find(|one| one.starter.key_for.contains(&criterion)) {
            kept.is_proposed = true;
            kept.why = format!("no other proposed control answers {criterion}; adapt it to how you do it");
        }
    }
    verdicts
}

/// Returns the criteria in scope that no proposed or chosen control answers.
#[must_use]
pub fn unanswered(verdicts: &[Verdict<'_>], scope: &BTreeSet<&str>) -> Vec<String> {
    let proposed = verdicts.iter().filter(|verdict| verdict.is_proposed);
    let answered: BTreeSet<&str> =
        proposed.flat_map(|verdict| verdict.starter.criteria.iter().map(String::as_str)).collect();
    scope.difference(&answered).map(|criterion| (*criterion).to_owned()).collect()
}

/// Says of each starter control that was not chosen why it is left out, by its id.
#[must_use]
pub fn left_out(verdicts: &[Verdict<'_>], chosen: &BTreeSet<String>) -> Vec<(String, String)> {
    let left = verdicts.iter().filter(|verdict| !chosen.contains(&verdict.starter.id));
    left.map(|verdict| {
        let why = if verdict.is_proposed { "not chosen" } else { verdict.why.as_str() };
        (verdict.starter.id.clone(), format!("Left out in the guided start: {why}"))
    })
    .collect()
}

fn verdict(
    answers: &Answers,
    starter: &StarterControl,
    framework: &Framework,
    scope: &BTreeSet<&str>,
) -> (bool, String) {
    let id = starter.id.as_str();
    let within: Vec<&str> =
        starter.criteria.iter().map(String::as_str).filter(|criterion| scope.contains(criterion)).collect();
    if within.is_empty() {
        let titles = titles_of(starter, framework);
        return (
            false,
            format!("it answers {} only, which is not in scope", titles.join(" and ").to_lowercase()),
        );
    }
    let is_out = |ids: &[&str], applies: bool| applies && ids.contains(&id);
    for (is_out, why) in [
        (is_out(&OF_SOFTWARE, !answers.builds_software), "you write no software of your own"),
        (
            is_out(&OF_PREMISES, answers.premises == Premises::Remote),
            "nothing in scope stands in premises of yours",
        ),
        (is_out(&OF_PROVIDERS, answers.hosting == Hosting::Own), "no provider's data center is relied on"),
        (is_out(&OF_SHARING, !answers.shares_systems), "customers share no system"),
    ] {
        if is_out {
            return (false, why.to_owned());
        }
    }
    let keys: Vec<&str> =
        starter.key_for.iter().map(String::as_str).filter(|criterion| scope.contains(criterion)).collect();
    if keys.is_empty() && answers.size == Size::Tiny {
        return (
            false,
            "key controls answer its criteria already; add it when there are more of you".to_owned(),
        );
    }
    let why = if keys.is_empty() {
        format!("supports {}", within.join(", "))
    } else {
        format!("key for {}", keys.join(", "))
    };
    (true, why)
}

/// Titles of the categories that a starter control is about, apart from the common criteria.
fn titles_of(starter: &StarterControl, framework: &Framework) -> Vec<String> {
    let series: BTreeMap<&str, &str> = framework
        .requirements()
        .map(|requirement| (requirement.id.as_str(), requirement.series.as_str()))
        .collect();
    let of_starter: BTreeSet<&str> =
        starter.criteria.iter().filter_map(|criterion| series.get(criterion.as_str()).copied()).collect();
    framework
        .categories
        .iter()
        .filter(|category| category.series.iter().any(|one| of_starter.contains(one.as_str())))
        .map(|category| category.title.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_answers() -> Vec<Answers> {
        let mut all = Vec::new();
        for mask in 0..16_usize {
            let categories: BTreeSet<String> = QUESTIONS
                .iter()
                .enumerate()
                .filter(|(at, _)| mask >> at & 1 == 1)
                .map(|(_, (id, _))| (*id).to_owned())
                .collect();
            for &size in Size::ALL {
                for &premises in Premises::ALL {
                    for &hosting in Hosting::ALL {
                        for flags in 0..4 {
                            all.push(Answers {
                                size,
                                premises,
                                hosting,
                                builds_software: flags & 1 == 1,
                                shares_systems: flags & 2 == 2,
                                categories: categories.clone(),
                                ..Answers::default()
                            });
                        }
                    }
                }
            }
        }
        all
    }

    #[test]
    fn whatever_is_answered_every_criterion_in_scope_is_answered_by_a_proposed_control() {
        let catalog = Catalog::builtin();
        let framework = &catalog.frameworks[0];
        for answers in all_answers() {
            let verdicts = propose(&answers, &catalog, framework);
            assert_eq!(verdicts.len(), 110);
            let scope = answers.criteria(framework);
            assert_eq!(unanswered(&verdicts, &scope), Vec::<String>::new(), "{answers:?}");
            assert!(verdicts.iter().all(|verdict| !verdict.why.is_empty()));
            for verdict in verdicts.iter().filter(|verdict| verdict.is_proposed) {
                assert!(verdict.starter.criteria.iter().any(|id| scope.contains(id.as_str())));
            }
        }
    }

    #[test]
    fn the_rules_name_controls_and_categories_that_there_are() {
        let catalog = Catalog::builtin();
        let framework = &catalog.frameworks[0];
        for id in OF_SOFTWARE.iter().chain(&OF_PREMISES).chain(&OF_PROVIDERS).chain(&OF_SHARING) {
            assert!(catalog.control(id).is_some(), "{id}");
        }
        for (category, _) in QUESTIONS {
            assert!(framework.categories.iter().any(|one| one.id == category), "{category}");
        }
        let odd = Answers { categories: BTreeSet::from(["speed".into()]), ..Answers::default() };
        assert_eq!(odd.checked(framework), Err("there is no category speed".to_owned()));
    }

    #[test]
    fn what_is_left_out_says_why() {
        let catalog = Catalog::builtin();
        let framework = &catalog.frameworks[0];
        let answers = Answers { size: Size::Small, builds_software: true, ..Answers::default() };
        let verdicts = propose(&answers, &catalog, framework);
        let of = |id: &str| verdicts.iter().find(|one| one.starter.id == id).expect("a starter");
        assert_eq!(of("PRV-01").why, "it answers privacy only, which is not in scope");
        assert_eq!(of("PHY-01").why, "nothing in scope stands in premises of yours");
        assert_eq!(of("IAM-11").why, "customers share no system");
        assert!(of("IAM-05").is_proposed && of("IAM-05").why.starts_with("key for CC6"));
        assert!(of("HRS-04").is_proposed && of("HRS-04").why.starts_with("supports"));
        let tiny = Answers { size: Size::Tiny, ..answers };
        let verdicts = propose(&tiny, &catalog, framework);
        assert!(!verdicts.iter().find(|one| one.starter.id == "HRS-04").expect("there").is_proposed);
        let chosen: BTreeSet<String> = ["IAM-05".to_owned()].into();
        let left = left_out(&verdicts, &chosen);
        assert_eq!(left.len(), verdicts.len() - 1);
        let why = |id: &str| left.iter().find(|(left, _)| left == id).map(|(_, why)| why.as_str());
        assert_eq!(why("IAM-11"), Some("Left out in the guided start: customers share no system"));
        let proposed = verdicts.iter().find(|one| one.is_proposed && one.starter.id != "IAM-05");
        let proposed = proposed.expect("another").starter.id.as_str();
        assert_eq!(why(proposed), Some("Left out in the guided start: not chosen"));
        let draft = Draft { answers: tiny, chosen: Some(BTreeSet::from(["IAM-05".into()])) };
        let json = serde_json::to_string(&draft).expect("serializes");
        assert_eq!(serde_json::from_str::<Draft>(&json).expect("reads back"), draft);
    }
}
