//! What a ruleset lets in, and which of its rules never match.
//!
//! For each family, protocol, interface and span of ports the chains are walked with the set of source addresses that no
//! rule has decided about. Where a rule cannot be described exactly, an acceptance counts in full and a refusal not at
//! all: openness may be overstated, never understated.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::observation::host::network::{
    Family, FirewallHook, FirewallRule, HookName, OpenPort, Protocol, Scope, ShadowedRule,
};

use super::range::RangeSet;
use super::ruleset::{Action, Chain, Condition, Rule, Ruleset};

/// Jumps followed in a row, as the kernel limits them.
const DEPTH_LIMIT: u32 = 16;
/// Rules walked for one hook, at most; beyond it everything undecided counts as accepted.
const STEP_LIMIT: u64 = 20_000_000;
/// Pairs of rules compared in one chain, at most.
const PAIR_LIMIT: usize = 2_000_000;
/// The interface of packets the host sends to itself.
const LOOPBACK: &str = "lo";
/// Stands for every interface that no rule names.
const OTHER: &str = "\u{0}other";

const FAMILIES: [Family; 2] = [Family::Ip4, Family::Ip6];

/// Computes the six hook entries, family by family.
pub(crate) fn hooks(ruleset: &Ruleset) -> Vec<FirewallHook> {
    let hooks = [HookName::Input, HookName::Forward, HookName::Output];
    FAMILIES.iter().flat_map(|family| hooks.map(|hook| hook_of(ruleset, *family, hook))).collect()
}

fn base_chains(ruleset: &Ruleset, family: Family, hook: HookName) -> impl Iterator<Item = &Chain> {
    ruleset.chains.iter().filter(move |chain| {
        chain.families.contains(&family) && chain.base.as_ref().is_some_and(|base| base.hook == hook)
    })
}

fn hook_of(ruleset: &Ruleset, family: Family, hook: HookName) -> FirewallHook {
    let chains: Vec<&Chain> = base_chains(ruleset, family, hook).collect();
    let drops = |chain: &&Chain| chain.base.as_ref().is_some_and(|base| base.drops);
    let policy =
        (!chains.is_empty()).then(|| if chains.iter().any(drops) { "drop" } else { "accept" }.to_owned());
    let ends_in_drop = chains.iter().any(|chain| ends_in_drop(ruleset, chain, 0));
    let mut order = Vec::new();
    for chain in &chains {
        flatten(ruleset, chain, family, 0, &mut order);
    }
    let service = |rule: &&Rule| {
        matches!(rule.action, Action::Accept) && rule.condition.ports.is_some() && rule.condition.covers_new()
    };
    let established = |rule: &&Rule| rule.action == Action::Accept && rule.condition.covers_established();
    let established_at = order.iter().position(established);
    let service_at = order.iter().position(service).unwrap_or(usize::MAX);
    // A log rule for one service is no log of what is refused.
    let logs: Vec<&&Rule> = order
        .iter()
        .filter(|rule| rule.logs && rule.action != Action::Accept && rule.condition.ports.is_none())
        .collect();
    FirewallHook {
        family,
        hook,
        has_base_chain: !chains.is_empty(),
        default_deny: ends_in_drop || policy.as_deref() == Some("drop"),
        policy,
        ends_in_drop,
        accepts_established: established_at.is_some(),
        established_first: established_at.is_some_and(|at| at < service_at),
        drops_logged: !logs.is_empty(),
        log_rate_limited: !logs.is_empty() && logs.iter().all(|rule| rule.condition.limited),
        rule_count: u32::try_from(order.len()).unwrap_or(u32::MAX),
    }
}

fn ends_in_drop(ruleset: &Ruleset, chain: &Chain, depth: u32) -> bool {
    let Some(last) = chain.rules.iter().rev().find(|rule| rule.action != Action::Continue) else {
        return false;
    };
    let condition = Condition { family: None, ..last.condition.clone() };
    if !condition.is_unconditional() || depth >= DEPTH_LIMIT {
        return false;
    }
    match &last.action {
        Action::Refuse => true,
        Action::Jump(key) | Action::Goto(key) => {
            find(ruleset, key).is_some_and(|target| ends_in_drop(ruleset, target, depth + 1))
        }
        _ => false,
    }
}

fn find<'a>(ruleset: &'a Ruleset, key: &str) -> Option<&'a Chain> {
    ruleset.chains.iter().find(|chain| chain.key == key)
}

/// Lists rules in the order packets meet them.
fn flatten<'a>(ruleset: &'a Ruleset, chain: &'a Chain, family: Family, depth: u32, out: &mut Vec<&'a Rule>) {
    for rule in &chain.rules {
        if rule.condition.sources_for(family).is_none() || out.len() > 100_000 {
            continue;
        }
        out.push(rule);
        if let Action::Jump(key) | Action::Goto(key) = &rule.action
            && depth < DEPTH_LIMIT
            && let Some(target) = find(ruleset, key)
        {
            flatten(ruleset, target, family, depth + 1, out);
        }
    }
}

/// Computes what the input hook lets in, for both families and protocols.
pub(crate) fn open_ports(ruleset: &Ruleset) -> Vec<OpenPort> {
    let mut out = Vec::new();
    let mut steps = 0;
    for family in FAMILIES {
        for protocol in [Protocol::Tcp, Protocol::Udp] {
            out.extend(open_for(ruleset, family, protocol, &mut steps));
        }
    }
    out.sort();
    out
}

fn open_for(ruleset: &Ruleset, family: Family, protocol: Protocol, steps: &mut u64) -> Vec<OpenPort> {
    let chains: Vec<&Chain> = base_chains(ruleset, family, HookName::Input).collect();
    let (classes, cuts) = classes_and_cuts(ruleset);
    // For each span of ports: sources by interface class.
    let mut spans: Vec<((u128, u128), Vec<RangeSet>)> = Vec::new();
    for span in cuts {
        let mut by_class = Vec::with_capacity(classes.len());
        for class in &classes {
            let mut accepted = RangeSet::all_addresses(family);
            for chain in &chains {
                let mut walk = Walk {
                    ruleset,
                    family,
                    protocol,
                    class,
                    port: span.0,
                    accepted: RangeSet::default(),
                    steps,
                };
                let rest = walk.chain(chain, accepted.clone(), 0);
                let falls_through = !chain.base.as_ref().is_some_and(|base| base.drops);
                let passed = if falls_through { walk.accepted.union(&rest) } else { walk.accepted };
                accepted = accepted.intersection(&passed);
            }
            by_class.push(accepted);
        }
        match spans.last_mut() {
            Some((previous, same)) if *same == by_class => previous.1 = span.1,
            _ => spans.push((span, by_class)),
        }
    }
    spans
        .into_iter()
        .flat_map(|(span, by_class)| entries(family, protocol, span, &classes, &by_class))
        .collect()
}

/// Interfaces that rules name, one class for the others, and spans of ports between which no rule tells a difference.
fn classes_and_cuts(ruleset: &Ruleset) -> (Vec<String>, Vec<(u128, u128)>) {
    let mut names = BTreeSet::new();
    let mut starts = BTreeSet::from([0]);
    for condition in ruleset.chains.iter().flat_map(|chain| &chain.rules).map(|rule| &rule.condition) {
        names.extend(condition.interfaces.iter().flat_map(|interfaces| interfaces.names().iter().cloned()));
        for &(first, last) in condition.ports.iter().flat_map(RangeSet::ranges) {
            starts.insert(first);
            starts.insert(last + 1);
        }
    }
    names.remove(LOOPBACK);
    let classes = names.into_iter().chain([OTHER.to_owned()]).collect();
    let end = u128::from(u16::MAX);
    let starts: Vec<u128> = starts.into_iter().filter(|start| *start <= end).collect();
    let spans = starts.iter().enumerate().map(|(index, start)| {
        let next = starts.get(index + 1).copied().unwrap_or(end + 1);
        (*start, next - 1)
    });
    (classes, spans.collect())
}

/// Writes one span: a single entry when all interfaces are alike, else one for each set of sources.
fn entries(
    family: Family,
    protocol: Protocol,
    span: (u128, u128),
    classes: &[String],
    by_class: &[RangeSet],
) -> Vec<OpenPort> {
    let entry = |sources: &RangeSet, interfaces: Vec<String>| OpenPort {
        family,
        protocol,
        first_port: u16::try_from(span.0).unwrap_or(u16::MAX),
        last_port: u16::try_from(span.1).unwrap_or(u16::MAX),
        sources: sources.prefixes(family),
        scope: sources.scope(family),
        interfaces,
    };
    // What is open on every interface, named or not, is one entry without interfaces.
    let common = by_class.iter().skip(1).fold(by_class[0].clone(), |all, set| all.intersection(set));
    let mut out = Vec::new();
    if !common.is_empty() {
        out.push(entry(&common, Vec::new()));
    }
    let mut extra: BTreeMap<RangeSet, Vec<String>> = BTreeMap::new();
    for (class, set) in classes.iter().zip(by_class) {
        let more = set.difference(&common);
        if !more.is_empty() {
            let name = if class == OTHER { "(every other)".to_owned() } else { class.clone() };
            extra.entry(more).or_default().push(name);
        }
    }
    out.extend(extra.into_iter().map(|(set, interfaces)| entry(&set, interfaces)));
    out
}

struct Walk<'a, 'b> {
    ruleset: &'a Ruleset,
    family: Family,
    protocol: Protocol,
    class: &'a str,
    port: u128,
    accepted: RangeSet,
    steps: &'b mut u64,
}

impl Walk<'_, '_> {
    /// Walks a chain with undecided sources and returns those it leaves undecided.
    fn chain(&mut self, chain: &Chain, mut undecided: RangeSet, depth: u32) -> RangeSet {
        let mut returned = RangeSet::default();
        for rule in &chain.rules {
            if undecided.is_empty() {
                break;
            }
            *self.steps += 1;
            if *self.steps > STEP_LIMIT || depth > DEPTH_LIMIT {
                self.accepted = self.accepted.union(&undecided);
                return RangeSet::default();
            }
            let Some(matched) = self.matched(&rule.condition, &undecided) else { continue };
            let exact = rule.condition.is_exact();
            let (leaves, comes_back) = match &rule.action {
                Action::Continue => continue,
                Action::Accept => {
                    self.accepted = self.accepted.union(&matched);
                    (matched, RangeSet::default())
                }
                Action::Refuse => (matched, RangeSet::default()),
                Action::Return => {
                    returned = returned.union(&matched);
                    (matched, RangeSet::default())
                }
                Action::Jump(key) | Action::Goto(key) => {
                    let Some(target) = find(self.ruleset, key) else {
                        // The target is not a chain we know: it may accept.
                        self.accepted = self.accepted.union(&matched);
                        continue;
                    };
                    let rest = self.chain(target, matched.clone(), depth + 1);
                    if matches!(rule.action, Action::Goto(_)) {
                        returned = returned.union(&rest);
                        (matched, RangeSet::default())
                    } else {
                        (matched, rest)
                    }
                }
            };
            if exact {
                undecided = undecided.difference(&leaves).union(&comes_back);
            }
        }
        undecided.union(&returned)
    }

    /// Returns the undecided sources that a new connection could match the condition with.
    fn matched(&self, condition: &Condition, undecided: &RangeSet) -> Option<RangeSet> {
        let protocol = match self.protocol {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
        };
        let fits = condition.covers_new()
            && condition.protocols.as_ref().is_none_or(|names| names.contains(protocol))
            && condition.ports.as_ref().is_none_or(|ports| ports.contains(self.port))
            && condition.interfaces.as_ref().is_none_or(|interfaces| interfaces.matches(self.class));
        if !fits {
            return None;
        }
        let matched = condition.sources_for(self.family)?.intersection(undecided);
        (!matched.is_empty()).then_some(matched)
    }
}

/// Names entries open to any address.
pub(crate) fn open_to_any(open: &[OpenPort]) -> Vec<String> {
    let word = |family| if family == Family::Ip4 { "ip4" } else { "ip6" };
    open.iter()
        .filter(|port| port.scope == Scope::Any)
        .map(|port| format!("{} {}", word(port.family), span_text(port)))
        .collect()
}

fn span_text(port: &OpenPort) -> String {
    let protocol = if port.protocol == Protocol::Tcp { "tcp" } else { "udp" };
    format!("{protocol} {}-{}", port.first_port, port.last_port)
}

/// Names spans that IPv6 opens to a wider kind of source than IPv4 does.
pub(crate) fn ipv6_wider(open: &[OpenPort]) -> Vec<String> {
    let mut wider: Vec<String> = open
        .iter()
        .filter(|port| port.family == Family::Ip6)
        .filter(|six| {
            // Every port of the span must be as open over IPv4.
            let mut covered = RangeSet::default();
            for four in open {
                if four.family == Family::Ip4
                    && four.protocol == six.protocol
                    && four.scope >= six.scope
                    && (four.interfaces.is_empty() || four.interfaces == six.interfaces)
                {
                    covered = covered.union(&ports_of(four));
                }
            }
            !covered.is_superset(&ports_of(six))
        })
        .map(span_text)
        .collect();
    wider.sort();
    wider.dedup();
    wider
}

fn ports_of(port: &OpenPort) -> RangeSet {
    RangeSet::of([(u128::from(port.first_port), u128::from(port.last_port))])
}

/// Lists rules of the input hook that accept everything: every protocol, address and interface.
pub(crate) fn any_any_accept(ruleset: &Ruleset) -> Vec<FirewallRule> {
    let mut found = Vec::new();
    let mut waiting: Vec<&Chain> =
        FAMILIES.iter().flat_map(|family| base_chains(ruleset, *family, HookName::Input)).collect();
    let mut seen = BTreeSet::new();
    while let Some(chain) = waiting.pop() {
        if !seen.insert(&chain.key) {
            continue;
        }
        for (index, rule) in chain.rules.iter().enumerate() {
            let condition = &rule.condition;
            let open = condition.protocols.is_none()
                && condition.ports.is_none()
                && condition.interfaces.is_none()
                && condition.covers_new()
                && !condition.narrowed
                && !condition.opaque
                && FAMILIES.iter().any(|family| {
                    condition.sources_for(*family).is_some_and(|set| set.scope(*family) == Scope::Any)
                });
            match &rule.action {
                Action::Accept if open => found.push(place(chain, index, rule)),
                Action::Jump(key) | Action::Goto(key) if open => waiting.extend(find(ruleset, key)),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// Lists rules with a part that was not understood.
pub(crate) fn not_understood(ruleset: &Ruleset) -> Vec<FirewallRule> {
    let mut found: Vec<FirewallRule> = ruleset
        .chains
        .iter()
        .flat_map(|chain| chain.rules.iter().enumerate().map(move |(index, rule)| (chain, index, rule)))
        .filter(|(_, _, rule)| rule.condition.opaque)
        .map(|(chain, index, rule)| place(chain, index, rule))
        .collect();
    found.sort();
    found
}

fn place(chain: &Chain, index: usize, rule: &Rule) -> FirewallRule {
    FirewallRule { chain: chain.name.clone(), position: position(index), text: rule.text.clone() }
}

fn position(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

/// Lists rules behind an earlier final rule of the same chain that takes all their packets. None when a chain is too
/// long to compare.
pub(crate) fn shadowed(ruleset: &Ruleset) -> Option<Vec<ShadowedRule>> {
    let mut found = Vec::new();
    for chain in &ruleset.chains {
        if chain.rules.len() * chain.rules.len() / 2 > PAIR_LIMIT {
            return None;
        }
        for (index, rule) in chain.rules.iter().enumerate() {
            let earlier = chain.rules[..index].iter().position(|other| {
                other.action.is_final() && other.condition.proves_superset(&rule.condition)
            });
            if let Some(by) = earlier {
                found.push(ShadowedRule {
                    chain: chain.name.clone(),
                    position: position(index),
                    text: rule.text.clone(),
                    by_position: position(by),
                });
            }
        }
    }
    found.sort();
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::super::{iptables, nftables};
    use super::*;

    fn iptables4(rules: &str) -> Ruleset {
        iptables::observe(rules, Family::Ip4, "iptables-legacy")
    }

    /// Writes open TCP ports over IPv4 as `first-last from sources [on interfaces]`.
    fn open_tcp4(ruleset: &Ruleset) -> Vec<String> {
        open_ports(ruleset)
            .iter()
            .filter(|port| port.family == Family::Ip4 && port.protocol == Protocol::Tcp)
            .map(|port| {
                let on = if port.interfaces.is_empty() {
                    String::new()
                } else {
                    format!(" on {}", port.interfaces.join(","))
                };
                format!("{}-{} from {}{on}", port.first_port, port.last_port, port.sources.join(","))
            })
            .collect()
    }

    fn check(rules: &str, expected: &[&str]) {
        let text = format!("*filter\n:INPUT DROP [0:0]\n:OTHER - [0:0]\n{rules}\nCOMMIT\n");
        assert_eq!(open_tcp4(&iptables4(&text)), expected, "{rules}");
    }

    #[test]
    fn order_negation_and_jumps_decide() {
        check("", &[]);
        check("-A INPUT -p tcp --dport 22 -j ACCEPT", &["22-22 from 0.0.0.0/0"]);
        check("-A INPUT -p udp --dport 22 -j ACCEPT", &[]);
        check("-A INPUT -s 10.0.0.0/8 -p tcp --dport 22 -j ACCEPT", &["22-22 from 10.0.0.0/8"]);
        check(
            "-A INPUT -s 10.0.0.0/9 -j DROP\n-A INPUT -s 10.0.0.0/8 -p tcp -m multiport --dports 22,80:81 -j ACCEPT",
            &["22-22 from 10.128.0.0/9", "80-81 from 10.128.0.0/9"],
        );
        check("-A INPUT ! -s 128.0.0.0/1 -p tcp --dport 22 -j ACCEPT", &["22-22 from 0.0.0.0/1"]);
        check("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", &[]);
        check("-A INPUT -i lo -j ACCEPT", &[]);
        check("-A INPUT ! -i lo -p tcp --dport 1 -j ACCEPT", &["1-1 from 0.0.0.0/0"]);
        check("-A INPUT -i eth1 -p tcp --dport 1 -j ACCEPT", &["1-1 from 0.0.0.0/0 on eth1"]);
        check("-A INPUT -j OTHER\n-A OTHER -p tcp --dport 5 -j ACCEPT", &["5-5 from 0.0.0.0/0"]);
        check(
            "-A INPUT -s 10.0.0.0/8 -j OTHER\n-A OTHER -j RETURN\n-A OTHER -j ACCEPT\n-A INPUT -p tcp --dport 5 -j ACCEPT",
            &["5-5 from 0.0.0.0/0"],
        );
    }

    #[test]
    fn what_is_not_exact_overstates_openness() {
        // A rate limit may let any packet through.
        check("-A INPUT -p tcp --dport 22 -m limit --limit 3/min -j ACCEPT", &["22-22 from 0.0.0.0/0"]);
        // A refusal of some packets refuses nothing for certain.
        check(
            "-A INPUT -p tcp --dport 22 -m recent --update -j DROP\n-A INPUT -p tcp --dport 22 -j ACCEPT",
            &["22-22 from 0.0.0.0/0"],
        );
        check(
            "-A INPUT -m set --match-set friends src -p tcp --dport 22 -j ACCEPT",
            &["22-22 from 0.0.0.0/0"],
        );
        check("-A INPUT -p tcp --dport 22 -j UNKNOWN-TARGET", &["22-22 from 0.0.0.0/0"]);
        // Options that are not known may narrow a refusal to almost nothing.
        check(
            "-A INPUT -p tcp -m multiport --ports 25 -j DROP\n-A INPUT -p tcp --dport 22 -j ACCEPT",
            &["22-22 from 0.0.0.0/0"],
        );
        check("-A INPUT -m conntrack --ctstate DNAT -p 6 --dport 22 -j ACCEPT", &["22-22 from 0.0.0.0/0"]);
        check(
            "-A INPUT -p tcp --dport 22 -m comment --comment \"x -j DROP\" -j ACCEPT",
            &["22-22 from 0.0.0.0/0"],
        );
        // Jumps in a circle end.
        check("-A INPUT -j OTHER\n-A OTHER -j OTHER", &["0-65535 from 0.0.0.0/0"]);
    }

    #[test]
    fn a_family_without_chain_is_open() {
        let ruleset = iptables4("*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n");
        let open = open_ports(&ruleset);
        assert_eq!(open_to_any(&open), ["ip4 tcp 22-22", "ip6 tcp 0-65535", "ip6 udp 0-65535"]);
        assert_eq!(ipv6_wider(&open), ["tcp 0-65535", "udp 0-65535"]);
        let hooks = hooks(&ruleset);
        assert_eq!(hooks.len(), 6);
        assert!(hooks[0].default_deny && hooks[0].has_base_chain);
        assert!(!hooks[3].has_base_chain && !hooks[3].default_deny);
    }

    #[test]
    fn two_chains_on_one_hook_must_both_accept() {
        let ruleset = nft(&[
            r#"{"chain":{"family":"inet","table":"a","name":"input","type":"filter","hook":"input","prio":0,"policy":"accept"}}"#,
            r#"{"chain":{"family":"ip","table":"b","name":"in","type":"filter","hook":"input","prio":10,"policy":"drop"}}"#,
            r#"{"rule":{"family":"ip","table":"b","chain":"in","expr":[{"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":443}},{"accept":null}]}}"#,
        ]);
        assert_eq!(open_tcp4(&ruleset), ["443-443 from 0.0.0.0/0"]);
        assert_eq!(ipv6_wider(&open_ports(&ruleset)), ["tcp 0-65535", "udp 0-65535"]);
    }

    #[test]
    fn verdict_maps_and_named_sets_are_unfolded() {
        let ruleset = nft(&[
            r#"{"chain":{"family":"inet","table":"t","name":"in","type":"filter","hook":"input","prio":0,"policy":"drop"}}"#,
            r#"{"set":{"family":"inet","table":"t","name":"admins","type":"ipv4_addr","elem":[{"prefix":{"addr":"192.0.2.0","len":24}}, {"range":["198.51.100.1","198.51.100.2"]}]}}"#,
            r#"{"set":{"family":"inet","table":"t","name":"seen","type":"ipv4_addr","flags":["dynamic"],"elem":["192.0.2.1"]}}"#,
            r#"{"rule":{"family":"inet","table":"t","chain":"in","expr":[{"vmap":{"key":{"ct":{"key":"state"}},"data":{"set":[["established",{"accept":null}],["invalid",{"drop":null}]]}}}]}}"#,
            r#"{"rule":{"family":"inet","table":"t","chain":"in","expr":[{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":"@admins"}},{"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":{"set":[22,{"range":[8000,8001]}]}}},{"accept":null}]}}"#,
            r#"{"rule":{"family":"inet","table":"t","chain":"in","expr":[{"match":{"op":"==","left":{"payload":{"protocol":"ip","field":"saddr"}},"right":"@seen"}},{"match":{"op":"==","left":{"payload":{"protocol":"tcp","field":"dport"}},"right":25}},{"accept":null}]}}"#,
        ]);
        assert_eq!(
            open_tcp4(&ruleset),
            [
                "22-22 from 192.0.2.0/24,198.51.100.1/32,198.51.100.2/32",
                "25-25 from 0.0.0.0/0",
                "8000-8001 from 192.0.2.0/24,198.51.100.1/32,198.51.100.2/32",
            ]
        );
        assert_eq!(not_understood(&ruleset).len(), 1);
        let hooks = hooks(&ruleset);
        assert!(hooks[0].established_first && hooks[0].accepts_established);
        // Rules that name IPv4 sources let nothing in over IPv6.
        let open = open_ports(&ruleset);
        assert!(open.iter().all(|port| port.family == Family::Ip4 || port.first_port == 25), "{open:?}");
    }

    #[test]
    fn rules_behind_wider_rules_are_shadowed() {
        let text = "*filter\n:INPUT DROP [0:0]\n-A INPUT -s 10.0.0.0/8 -j ACCEPT\n-A INPUT -s 10.1.0.0/16 -p tcp --dport 22 -j DROP\n-A INPUT -p tcp -m limit --limit 1/s -j ACCEPT\n-A INPUT -p tcp --dport 80 -j ACCEPT\n-A INPUT -j DROP\n-A INPUT -j ACCEPT\nCOMMIT\n";
        let ruleset = iptables4(text);
        let found = shadowed(&ruleset).expect("short chains");
        assert_eq!(
            found.iter().map(|rule| (rule.position, rule.by_position)).collect::<Vec<_>>(),
            [(2, 1), (6, 5)]
        );
        assert_eq!(any_any_accept(&ruleset).iter().map(|rule| rule.position).collect::<Vec<_>>(), [6]);
    }

    #[test]
    fn logging_counts_for_refusals_only() {
        let text = "*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport 80 -j LOG\n-A INPUT -p tcp --dport 80 -j ACCEPT\n";
        assert!(!hooks(&iptables4(text))[0].drops_logged);
        let limited = format!("{text}-A INPUT -m limit --limit 5/min -j LOG --log-prefix \"refused: \"\n");
        let hook = &hooks(&iptables4(&limited))[0];
        assert!(hook.drops_logged && hook.log_rate_limited && !hook.ends_in_drop && hook.default_deny);
    }

    fn nft(items: &[&str]) -> Ruleset {
        let document = format!("{{\"nftables\":[{}]}}", items.join(","));
        nftables::observe(document.as_bytes()).expect("document").ruleset
    }
}
