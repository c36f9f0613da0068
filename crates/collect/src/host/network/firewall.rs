//! Puts the backends' answers together into the facts of the packet filter.

use serde_json::Value;
use tickmark_core::canonical;
use tickmark_core::observation::host::network::{Family, Firewall, FirewallBackend};

use super::nftables::Nftables;
use super::ruleset::Ruleset;
use super::{iptables, nftables, reach};

/// Answers of the backends; none where the backend is not installed or has no such family.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    /// `nft -j list ruleset`
    pub(crate) nft: Option<Vec<u8>>,
    /// `iptables-save` and its relatives, each with its family.
    pub(crate) iptables: Vec<(Family, String)>,
}

/// Computes the facts that follow from the rules alone; none when nftables' answer is not of the documented form.
pub(crate) fn observe(answers: &Answers) -> Option<Firewall> {
    let nft = match &answers.nft {
        Some(bytes) => nftables::observe(bytes)?,
        None => Nftables::default(),
    };
    let mut ruleset = Ruleset::default();
    let mut backends = Vec::new();
    let mut normal: Vec<Value> = nft.normal_form.clone();
    for name in ["iptables-legacy", "iptables-nft"] {
        let mut own = Ruleset::default();
        let of_this =
            |(_, text): &&(Family, String)| iptables::is_nft_variant(text) == (name == "iptables-nft");
        for (family, text) in answers.iptables.iter().filter(of_this) {
            own.chains.extend(iptables::observe(text, *family, name).chains);
            normal.extend(normal_lines(text));
        }
        if !own.chains.is_empty() {
            backends.push(backend(name, &own));
            ruleset.chains.extend(own.chains);
        }
    }
    if answers.nft.is_some() {
        backends.push(backend("nftables", &nft.ruleset));
    }
    ruleset.chains.extend(nft.ruleset.chains);
    backends.sort_by(|one, two| one.name.cmp(&two.name));
    let active = |name: &str| backends.iter().any(|backend| backend.name == name && backend.active);
    let open = reach::open_ports(&ruleset);
    let hooks = reach::hooks(&ruleset);
    Some(Firewall {
        active: Some(hooks.iter().any(|hook| {
            hook.has_base_chain
                && hook.hook == tickmark_core::observation::host::network::HookName::Input
                && (hook.rule_count > 0 || hook.default_deny)
        })),
        backends_mixed: Some(active("iptables-legacy") && (active("nftables") || active("iptables-nft"))),
        rule_count: Some(backends.iter().map(|backend| backend.rule_count).sum()),
        hooks: Some(hooks),
        open_to_any: Some(reach::open_to_any(&open)),
        ipv6_wider: Some(reach::ipv6_wider(&open)),
        open_ports: Some(open),
        any_any_accept: Some(reach::any_any_accept(&ruleset)),
        shadowed: reach::shadowed(&ruleset),
        not_understood: Some(reach::not_understood(&ruleset)),
        ruleset_digest: canonical::digest(&normal).ok(),
        backends: Some(backends),
        ..Firewall::default()
    })
}

fn backend(name: &str, ruleset: &Ruleset) -> FirewallBackend {
    let rules: usize = ruleset.chains.iter().map(|chain| chain.rules.len()).sum();
    // Empty chains that accept, which the legacy tool shows as soon as it is asked, filter nothing.
    let drops = ruleset.chains.iter().any(|chain| chain.base.as_ref().is_some_and(|base| base.drops));
    FirewallBackend {
        name: name.to_owned(),
        active: rules > 0 || drops,
        rule_count: u32::try_from(rules).unwrap_or(u32::MAX),
    }
}

/// Rules and policies without counters and comments.
fn normal_lines(text: &str) -> Vec<Value> {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| Value::from(line.split(" [").next().unwrap_or(line)))
        .collect()
}

/// Tells whether two answers of nftables describe the same rules.
pub(crate) fn same_rules(one: &[u8], two: &[u8]) -> Option<bool> {
    let (one, two) = (nftables::observe(one)?, nftables::observe(two)?);
    Some(sorted(&one.normal_form) == sorted(&two.normal_form))
}

/// Items with rules kept in order and everything else in any order: loading may list sets and chains differently.
fn sorted(items: &[Value]) -> (Vec<String>, Vec<&Value>) {
    let mut others: Vec<String> =
        items.iter().filter(|item| item.get("rule").is_none()).map(ordered_elements).collect();
    others.sort_unstable();
    (others, items.iter().filter(|item| item.get("rule").is_some()).collect())
}

fn ordered_elements(item: &Value) -> String {
    let mut item = item.clone();
    for kind in ["set", "map"] {
        if let Some(Value::Array(elements)) = item.get_mut(kind).and_then(|body| body.get_mut("elem")) {
            elements.sort_by_key(Value::to_string);
        }
    }
    item.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULESET: &[u8] = include_bytes!("../../../fixtures/nft-list-ruleset.json");
    const UFW: &str = include_str!("../../../fixtures/iptables-save-ufw.txt");

    #[test]
    fn a_recorded_nftables_ruleset() {
        let facts = observe(&Answers { nft: Some(RULESET.to_vec()), ..Answers::default() }).expect("facts");
        insta::assert_json_snapshot!(facts);
    }

    #[test]
    fn a_ufw_ruleset_over_ipv4_only() {
        let facts = observe(&Answers { iptables: vec![(Family::Ip4, UFW.to_owned())], ..Answers::default() })
            .expect("facts");
        insta::assert_json_snapshot!(facts);
    }

    #[test]
    fn counters_and_handles_do_not_change_the_digest() {
        let digest = |bytes: &[u8]| {
            observe(&Answers { nft: Some(bytes.to_vec()), ..Answers::default() })
                .expect("facts")
                .ruleset_digest
        };
        let text = String::from_utf8(RULESET.to_vec()).expect("text");
        let counted =
            text.replace("\"packets\": 0", "\"packets\": 7").replace("\"handle\": 1}", "\"handle\": 99}");
        assert_ne!(text, counted);
        assert_eq!(digest(text.as_bytes()), digest(counted.as_bytes()));
        let changed = text.replace("51820", "51821");
        assert_ne!(digest(text.as_bytes()), digest(changed.as_bytes()));
        assert_eq!(same_rules(text.as_bytes(), counted.as_bytes()), Some(true));
        assert_eq!(same_rules(text.as_bytes(), changed.as_bytes()), Some(false));
        let lines = |text: &str| normal_lines(text);
        assert_eq!(lines(UFW), lines(&UFW.replace("[2:120]", "[9:999]").replace("15:00:00", "16:00:00")));
    }

    #[test]
    fn legacy_and_nftables_together_are_mixed() {
        let legacy = UFW.replace(" (nf_tables)", "");
        let answers = Answers { nft: Some(RULESET.to_vec()), iptables: vec![(Family::Ip4, legacy)] };
        assert_eq!(observe(&answers).expect("facts").backends_mixed, Some(true));
        let answers = Answers { nft: Some(RULESET.to_vec()), iptables: vec![(Family::Ip4, UFW.to_owned())] };
        assert_eq!(observe(&answers).expect("facts").backends_mixed, Some(false));
    }

    #[test]
    fn strange_answers_are_no_facts() {
        for bytes in [&b""[..], b"{}", b"[]", b"{\"nftables\": 1}", b"\xff"] {
            assert!(observe(&Answers { nft: Some(bytes.to_vec()), ..Answers::default() }).is_none());
        }
        let odd = br#"{"nftables":[1,null,{"rule":3},{"chain":{}},{"rule":{"expr":[{"match":{}},{"vmap":{}},7]}}]}"#;
        assert!(observe(&Answers { nft: Some(odd.to_vec()), ..Answers::default() }).is_some());
    }
}
