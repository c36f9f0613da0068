//! From texts to typed content, file by file. Every file names its format in its first line, so a folder can be
//! laid out as one likes; only references between files matter.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::crosswalk::{Crosswalk, CrosswalkFile, Mapping};
use super::description::{ClocksFile, DescriptionCriteria, DescriptionFile};
use super::framework::{
    Category, Framework, Named, PointScope, Requirement, RequirementKind, Series, Totals,
};
use super::objective::{CuecsFile, ObjectiveControlsFile, ObjectiveSet, ObjectivesFile, SubserviceFile};
use super::problem::Problems;
use super::request::RequestsFile;
use super::sampling::SamplingPreset;
use super::segregation::SegregationFile;
use super::starter::ControlsFile;
use super::{Catalog, CatalogFiles};

/// Format of the file with sampling vectors, which is read only when asked for.
pub(super) const VECTORS: &str = "sampling-vectors/1";

/// Content with the file each part came from, so that problems found across files can name one.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) frameworks: BTreeMap<String, String>,
    pub(super) series: BTreeMap<(String, String), String>,
    pub(super) crosswalks: Vec<String>,
    pub(super) controls: Vec<String>,
    pub(super) requests: Vec<String>,
    pub(super) sets: BTreeMap<String, String>,
    pub(super) description: Vec<String>,
    pub(super) clocks: Vec<String>,
    pub(super) presets: Vec<String>,
    pub(super) duties: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FrameworkFile {
    #[serde(rename = "format")]
    _format: String,
    id: String,
    title: String,
    #[serde(default)]
    edition: String,
    #[serde(default)]
    reference: String,
    #[serde(default)]
    publisher: String,
    #[serde(default)]
    requirement_kind: RequirementKind,
    #[serde(default)]
    requires_key_controls: bool,
    #[serde(default)]
    requires_requests: bool,
    #[serde(default)]
    common_series: Vec<String>,
    #[serde(default)]
    categories: Vec<Category>,
    #[serde(default)]
    origins: Vec<Named>,
    #[serde(default)]
    scopes: Vec<PointScope>,
    #[serde(default)]
    roles: Vec<Named>,
    #[serde(default)]
    totals: Totals,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RequirementsFile {
    #[serde(rename = "format")]
    _format: String,
    framework: String,
    #[serde(default)]
    position: u32,
    series: SeriesHeader,
    requirements: Vec<Requirement>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeriesHeader {
    id: String,
    title: String,
    #[serde(default)]
    summary: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfficialTextFile {
    #[serde(rename = "format")]
    _format: String,
    framework: String,
    texts: BTreeMap<String, String>,
}

/// Parts that must be put together or in order once all files are read.
#[derive(Default)]
struct Loose {
    requirements: Vec<(String, RequirementsFile)>,
    controls: Vec<(String, ControlsFile)>,
    official: Vec<(String, OfficialTextFile)>,
    objective_controls: Vec<(String, ObjectiveControlsFile)>,
    cuecs: Vec<(String, CuecsFile)>,
    subservice: Vec<(String, SubserviceFile)>,
    objective_totals: Vec<(String, String, Option<usize>, Option<usize>)>,
}

/// Returns the format named in the first line that is neither empty nor a comment.
pub(super) fn format_of(text: &str) -> Option<&str> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    let value =
        line.strip_prefix("format")?.trim_start().strip_prefix('=')?.trim_start().strip_prefix('"')?;
    value.split_once('"').map(|(format, _)| format)
}

/// Parses one file, or notes why not, with line and column.
pub(super) fn parse<T: DeserializeOwned>(path: &str, text: &str, problems: &mut Problems) -> Option<T> {
    match toml::from_str(text) {
        Ok(parsed) => Some(parsed),
        Err(error) => {
            let place = error.span().map(|span| position(text, span.start)).unwrap_or_default();
            problems.add(path, "", format!("{place}{}", error.message()));
            None
        }
    }
}

fn position(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|&character| character != '\n').count() + 1;
    format!("line {line}, column {column}: ")
}

/// Reads all files into a catalog that is not validated yet.
pub(super) fn read(files: &CatalogFiles, problems: &mut Problems) -> (Catalog, Sources) {
    let mut catalog = Catalog::empty(files.digest());
    let mut sources = Sources::default();
    let mut loose = Loose::default();
    for (path, text) in files.iter() {
        read_one(path, text, &mut catalog, &mut sources, &mut loose, problems);
    }
    place_requirements(&mut catalog, &mut sources, loose.requirements, problems);
    place_official_texts(&mut catalog, loose.official, problems);
    loose.controls.sort_by(|(path, one), (other_path, other)| {
        (one.position, path.as_str()).cmp(&(other.position, other_path.as_str()))
    });
    for (path, file) in loose.controls {
        for mut control in file.controls {
            control.framework.clone_from(&file.framework);
            control.area.clone_from(&file.area);
            catalog.controls.push(control);
            sources.controls.push(path.clone());
        }
    }
    for (path, file) in loose.objective_controls {
        if let Some(set) = set_of(&mut catalog, &path, &file.set, problems) {
            set.controls.extend(file.controls);
        }
    }
    for (path, file) in loose.cuecs {
        if let Some(set) = set_of(&mut catalog, &path, &file.set, problems) {
            set.cuec_lead_in = file.lead_in;
            set.cuecs.extend(file.cuecs);
        }
    }
    for (path, file) in loose.subservice {
        if let Some(set) = set_of(&mut catalog, &path, &file.set, problems) {
            set.subservice.extend(file.organizations);
        }
    }
    for (path, set, objectives, controls) in loose.objective_totals {
        let Some(found) = catalog.objective_sets.iter().find(|found| found.id == set) else { continue };
        expect_count(problems, &path, "objectives", objectives, found.objectives.len());
        expect_count(problems, &path, "controls", controls, found.controls.len());
    }
    (catalog, sources)
}

fn expect_count(problems: &mut Problems, path: &str, what: &str, declared: Option<usize>, found: usize) {
    if let Some(declared) = declared.filter(|&declared| declared != found) {
        problems.add(path, "totals", format!("{declared} {what} are declared, {found} are there"));
    }
}

fn read_one(
    path: &str,
    text: &str,
    catalog: &mut Catalog,
    sources: &mut Sources,
    loose: &mut Loose,
    problems: &mut Problems,
) {
    let file = path.to_owned();
    match format_of(text) {
        Some("framework/1") => {
            let Some(parsed) = parse::<FrameworkFile>(path, text, problems) else { return };
            if sources.frameworks.insert(parsed.id.clone(), file).is_some() {
                return problems.add(path, &parsed.id, "this framework is given twice");
            }
            catalog.frameworks.push(parsed.into());
        }
        Some("requirements/1") => loose.requirements.extend(parse(path, text, problems).map(|p| (file, p))),
        Some("official-text/1") => loose.official.extend(parse(path, text, problems).map(|p| (file, p))),
        Some("crosswalk/1") => {
            let Some(parsed) = parse::<CrosswalkFile>(path, text, problems) else { return };
            catalog.crosswalks.push(crosswalk(path, parsed, problems));
            sources.crosswalks.push(file);
        }
        Some("controls/1") => loose.controls.extend(parse(path, text, problems).map(|p| (file, p))),
        Some("objectives/1") => {
            let Some(parsed) = parse::<ObjectivesFile>(path, text, problems) else { return };
            if sources.sets.insert(parsed.set.clone(), file.clone()).is_some() {
                return problems.add(path, &parsed.set, "this set of objectives is given twice");
            }
            let totals = parsed.totals;
            loose.objective_totals.push((file, parsed.set.clone(), totals.objectives, totals.controls));
            catalog.objective_sets.push(ObjectiveSet {
                id: parsed.set,
                title: parsed.title,
                lead_in: parsed.lead_in,
                objectives: parsed.objectives,
                controls: Vec::new(),
                cuec_lead_in: String::new(),
                cuecs: Vec::new(),
                subservice: Vec::new(),
            });
        }
        Some("objective-controls/1") => {
            loose.objective_controls.extend(parse(path, text, problems).map(|p| (file, p)));
        }
        Some("cuecs/1") => loose.cuecs.extend(parse(path, text, problems).map(|p| (file, p))),
        Some("subservice/1") => loose.subservice.extend(parse(path, text, problems).map(|p| (file, p))),
        Some("requests/1") => {
            let Some(parsed) = parse::<RequestsFile>(path, text, problems) else { return };
            expect_count(problems, path, "requests", parsed.totals.requests, parsed.requests.len());
            for mut request in parsed.requests {
                request.framework.clone_from(&parsed.framework);
                catalog.requests.push(request);
                sources.requests.push(file.clone());
            }
        }
        Some("sampling-presets/1") => {
            let Some(parsed) = parse::<SamplingPreset>(path, text, problems) else { return };
            catalog.sampling_presets.push(parsed);
            sources.presets.push(file);
        }
        Some(VECTORS) => {}
        Some("description-criteria/1") => {
            let Some(parsed) = parse::<DescriptionFile>(path, text, problems) else { return };
            catalog.description_criteria.push(DescriptionCriteria {
                id: parsed.id,
                title: parsed.title,
                edition: parsed.edition,
                reference: parsed.reference,
                publisher: parsed.publisher,
                criteria: parsed.criteria,
            });
            sources.description.push(file);
        }
        Some("clocks/1") => {
            let Some(parsed) = parse::<ClocksFile>(path, text, problems) else { return };
            for clock in parsed.clocks {
                catalog.clocks.push(clock);
                sources.clocks.push(file.clone());
            }
        }
        Some("segregation/1") => {
            let Some(parsed) = parse::<SegregationFile>(path, text, problems) else { return };
            expect_count(problems, path, "duties", parsed.totals.duties, parsed.duties.len());
            expect_count(problems, path, "conflicts", parsed.totals.conflicts, parsed.conflicts.len());
            let duties = parsed.duties.iter().map(|duty| &duty.id);
            for id in duties.chain(parsed.conflicts.iter().map(|conflict| &conflict.id)) {
                sources.duties.insert(id.clone(), file.clone());
            }
            catalog.duties.extend(parsed.duties);
            catalog.duty_conflicts.extend(parsed.conflicts);
        }
        Some(other) => problems.add(path, "", format!("{other:?} is not a format of this version")),
        None => {
            problems.add(path, "", "the first line must name the format, such as format = \"controls/1\"")
        }
    }
}

impl From<FrameworkFile> for Framework {
    fn from(file: FrameworkFile) -> Self {
        Self {
            id: file.id,
            title: file.title,
            edition: file.edition,
            reference: file.reference,
            publisher: file.publisher,
            requirement_kind: file.requirement_kind,
            requires_key_controls: file.requires_key_controls,
            requires_requests: file.requires_requests,
            common_series: file.common_series,
            categories: file.categories,
            origins: file.origins,
            scopes: file.scopes,
            roles: file.roles,
            totals: file.totals,
            series: Vec::new(),
        }
    }
}

fn place_requirements(
    catalog: &mut Catalog,
    sources: &mut Sources,
    mut files: Vec<(String, RequirementsFile)>,
    problems: &mut Problems,
) {
    files.sort_by(|(path, one), (other_path, other)| {
        (one.position, path.as_str()).cmp(&(other.position, other_path.as_str()))
    });
    for (path, file) in files {
        let Some(framework) = catalog.frameworks.iter_mut().find(|known| known.id == file.framework) else {
            problems.add(
                &path,
                &file.series.id,
                format!("framework {:?} is not in the catalog", file.framework),
            );
            continue;
        };
        let key = (file.framework, file.series.id.clone());
        if let Some(earlier) = sources.series.get(&key) {
            problems.add(&path, &file.series.id, format!("this series is given in {earlier} too"));
            continue;
        }
        sources.series.insert(key, path);
        let requirements = file.requirements.into_iter().map(|mut requirement| {
            requirement.series.clone_from(&file.series.id);
            requirement.kind = framework.requirement_kind;
            requirement
        });
        framework.series.push(Series {
            requirements: requirements.collect(),
            id: file.series.id,
            title: file.series.title,
            summary: file.series.summary,
        });
    }
}

fn place_official_texts(
    catalog: &mut Catalog,
    files: Vec<(String, OfficialTextFile)>,
    problems: &mut Problems,
) {
    for (path, file) in files {
        let Some(framework) = catalog.frameworks.iter_mut().find(|known| known.id == file.framework) else {
            problems.add(&path, "", format!("framework {:?} is not in the catalog", file.framework));
            continue;
        };
        let mut texts = file.texts;
        for requirement in framework.series.iter_mut().flat_map(|series| &mut series.requirements) {
            if let Some(text) = texts.remove(&requirement.id) {
                requirement.official_text = text;
            }
            for point in &mut requirement.points_of_focus {
                if let Some(text) = texts.remove(&point.id) {
                    point.official_text = text;
                }
            }
        }
        for id in texts.keys() {
            problems.add(&path, id, format!("{} has no such requirement or point of focus", file.framework));
        }
    }
}

fn set_of<'a>(
    catalog: &'a mut Catalog,
    path: &str,
    set: &str,
    problems: &mut Problems,
) -> Option<&'a mut ObjectiveSet> {
    let found = catalog.objective_sets.iter_mut().find(|known| known.id == set);
    if found.is_none() {
        problems.add(path, "", format!("set of objectives {set:?} is not in the catalog"));
    }
    found
}

fn crosswalk(path: &str, file: CrosswalkFile, problems: &mut Problems) -> Crosswalk {
    let mut mappings = Vec::new();
    let mut looked_at = std::collections::BTreeSet::new();
    for set in file.sets {
        if !file.targets.iter().any(|target| target.id == set.target) {
            problems.add(path, &set.target, "this set maps to a target that the file does not declare");
        }
        for (source, relations) in set.mappings {
            for (relation, targets) in relations {
                mappings.extend(targets.into_iter().map(|target| Mapping {
                    source: source.clone(),
                    target_framework: set.target.clone(),
                    target,
                    relation,
                    judgement: set.judgement.clone(),
                    status: set.status,
                    rationale: set.rationale,
                }));
            }
            looked_at.insert(source);
        }
    }
    Crosswalk {
        id: file.id,
        title: file.title,
        source_framework: file.source_framework,
        is_complete: file.is_complete,
        provenance: file.provenance,
        notes: file.notes,
        targets: file.targets,
        parameters: file.parameters,
        uncovered: file.uncovered,
        looked_at: looked_at.into_iter().collect(),
        mappings,
    }
}
