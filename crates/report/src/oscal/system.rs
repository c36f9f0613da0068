//! The organization's controls as components, and the system with what implements each criterion.

use serde_json::{Value, json};
use tickmark_core::report::package::{ControlPart, SubservicePart};

use super::ids::{line, prose, string};
use super::{COMPONENTS, Context, PLAN, PROFILE, own};

/// Controls and carved-out organizations with the criteria that each serves.
pub(super) fn component_definition(of: &Context<'_>) -> Value {
    let package = &of.model.package;
    let (uuid, metadata) = of.head(COMPONENTS, "Controls");
    let controls = package.controls.iter().map(|control| {
        let served = of.ids.known(&control.criteria);
        let requirements: Vec<Value> = served
            .iter()
            .map(|(id, token)| {
                json!({
                    "uuid": of.ids.uuid("requirement", &format!("{} {id}", control.id)),
                    "control-id": token,
                    "description": prose(&control.statement),
                })
            })
            .collect();
        let mut component = control_component(of, control);
        component["control-implementations"] = implementations(of, &control.id, requirements);
        component
    });
    let others = package.subservices.iter().map(|one| {
        let requirements: Vec<Value> = one
            .assumed
            .iter()
            .enumerate()
            .flat_map(|(at, assumed)| {
                of.ids.known(&assumed.criteria).into_iter().map(move |(id, token)| {
                    json!({
                        "uuid": of.ids.uuid("requirement", &format!("{} {at} {id}", one.name)),
                        "control-id": token,
                        "description": prose(&assumed.text),
                        "remarks": if one.is_inclusive {
                            "A control that runs there; it is described and examined."
                        } else {
                            "A type of control that is assumed there; it is not examined."
                        },
                    })
                })
            })
            .collect();
        let mut component = subservice_component(of, one);
        component["control-implementations"] = implementations(of, &one.name, requirements);
        component
    });
    json!({ "uuid": uuid, "metadata": metadata, "components": controls.chain(others).collect::<Vec<_>>() })
}

fn implementations(of: &Context<'_>, whose: &str, requirements: Vec<Value>) -> Value {
    if requirements.is_empty() {
        return json!([]);
    }
    json!([{
        "uuid": of.ids.uuid("implementation", whose),
        "source": PROFILE,
        "description": "Criteria that it serves, as management maps them.",
        "implemented-requirements": requirements,
    }])
}

fn control_component(of: &Context<'_>, control: &ControlPart) -> Value {
    json!({
        "uuid": of.ids.control(&control.id),
        "type": "process-procedure",
        "title": line(&format!("{} {}", control.id, control.title)),
        "description": prose(&control.statement),
        "props": [
            own("control", &control.id),
            own("frequency", &control.frequency),
            own("nature", &control.nature),
            own("text-version", &control.version.to_string()),
        ],
    })
}

fn subservice_component(of: &Context<'_>, one: &SubservicePart) -> Value {
    json!({
        "uuid": of.ids.subservice(&one.name),
        "type": "service",
        "title": line(&one.name),
        "description": prose(&one.service),
        "props": [own("subservice-method", &one.method)],
    })
}

/// The system: boundary, parts, and what implements each criterion.
pub(super) fn security_plan(of: &Context<'_>) -> Value {
    let package = &of.model.package;
    let (uuid, metadata) = of.head(PLAN, "System");
    let part = |word: &str| {
        let parts = package.description.iter().flat_map(|one| &one.parts);
        let text: Vec<&str> = parts
            .filter(|one| one.part == word)
            .flat_map(|one| &one.paragraphs)
            .map(String::as_str)
            .collect();
        (!text.is_empty()).then(|| prose(&text.join("\n\n")))
    };
    let services = format!("Services: {}.", package.services.join("; "));
    let (network, data) = (part("infrastructure"), part("data"));
    json!({
        "uuid": uuid,
        "metadata": metadata,
        "import-profile": { "href": PROFILE },
        "system-characteristics": {
            "system-ids": [{ "identifier-type": "https://ietf.org/rfc/rfc4122", "id": of.ids.system() }],
            "system-name": string(&package.system),
            "description": match part("services") {
                Some(text) => format!("{}\n\n{text}", prose(&services)),
                None => prose(&services),
            },
            "props": package.commitments.iter()
                .map(|one| own("commitment", &format!("{} ({}): {}", one.id, one.kind, one.statement)))
                .collect::<Vec<_>>(),
            "system-information": {
                "information-types": [{
                    "uuid": of.ids.uuid("information", "data"),
                    "title": "Data of the system",
                    "description": data.clone().unwrap_or_else(|| "The description does not tell yet.".to_owned()),
                }],
            },
            "status": { "state": "other", "remarks": "The records of the examination hold no state of operation." },
            "authorization-boundary": {
                "description": prose(&package.boundary),
                "props": package.outside.iter().map(|one| own("outside", one)).collect::<Vec<_>>(),
            },
            "network-architecture": network.map(|text| json!({ "description": text })),
            "data-flow": data.map(|text| json!({ "description": text })),
        },
        "system-implementation": { "components": components(of, &services) },
        "control-implementation": {
            "description": "What implements each criterion, as management maps it at the data cut-off.",
            "implemented-requirements": requirements(of),
        },
    })
}

fn components(of: &Context<'_>, services: &str) -> Vec<Value> {
    let package = &of.model.package;
    let with_status = |mut component: Value, state: &str, remarks: &str| {
        component["status"] = json!({ "state": state, "remarks": remarks });
        component
    };
    let mut all = vec![json!({
        "uuid": of.ids.system(),
        "type": "this-system",
        "title": line(&package.system),
        "description": prose(services),
        "status": { "state": "other", "remarks": "The records of the examination hold no state of operation." },
    })];
    all.extend(package.controls.iter().map(|control| {
        let remarks = "In force at the data cut-off. Whether it operated is not said here.";
        with_status(control_component(of, control), "operational", remarks)
    }));
    all.extend(package.subservices.iter().map(|one| {
        let mut component =
            with_status(subservice_component(of, one), "other", "Run by another organization.");
        let watching = one.monitoring.iter().map(|id| own("watched-by", id));
        component["props"].as_array_mut().into_iter().for_each(|props| props.extend(watching.clone()));
        component
    }));
    all
}

fn requirements(of: &Context<'_>) -> Vec<Value> {
    let package = &of.model.package;
    let one = |criterion: &tickmark_core::report::package::CriterionPart| {
        let own_controls = package.controls.iter().filter(|control| criterion.controls.contains(&control.id));
        let mut by: Vec<Value> = own_controls
            .map(|control| by_component(of, &of.ids.control(&control.id), &criterion.id, &control.statement))
            .collect();
        for other in package.subservices.iter().filter(|other| criterion.others.contains(&other.name)) {
            let assumed = other.assumed.iter().filter(|one| one.criteria.contains(&criterion.id));
            let types: Vec<&str> = assumed.map(|one| one.text.as_str()).collect();
            let text = format!("Assumed there: {}", types.join("; "));
            by.push(by_component(of, &of.ids.subservice(&other.name), &criterion.id, &text));
        }
        let expected = package.user_controls.iter().filter(|one| one.criteria.contains(&criterion.id));
        let duties: Vec<Value> = expected
            .enumerate()
            .map(|(at, one)| {
                json!({
                    "uuid": of.ids.uuid("responsibility", &format!("{} {at}", criterion.id)),
                    "description": prose(&one.text),
                })
            })
            .collect();
        if !duties.is_empty() {
            let text = "The commitments depend on controls of user entities too.";
            let mut system = by_component(of, &of.ids.system(), &criterion.id, text);
            system["export"] = json!({ "responsibilities": duties });
            by.push(system);
        }
        let is_empty = by.is_empty();
        json!({
            "uuid": of.ids.uuid("criterion", &criterion.id),
            "control-id": of.ids.criterion(&criterion.id),
            "by-components": by,
            "remarks": is_empty.then_some("No control in force serves it yet."),
        })
    };
    package.criteria.iter().map(one).collect()
}

fn by_component(of: &Context<'_>, component: &str, criterion: &str, text: &str) -> Value {
    json!({
        "component-uuid": component,
        "uuid": of.ids.uuid("by-component", &format!("{component} {criterion}")),
        "description": prose(text),
    })
}
