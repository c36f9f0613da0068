//! Reads `nft -j list ruleset` (libnftables-json(5), schema version 1).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde_json::{Map, Value};
use tickmark_core::observation::host::network::{Family, HookName};

use super::range::{Prefix, RangeSet, numeric};
use super::ruleset::{Action, Base, Chain, Condition, Rule, Ruleset};

/// Longest text kept of one rule, in characters.
const TEXT_LIMIT: usize = 400;
/// Rules a verdict map is unfolded into, at most.
const MAP_LIMIT: usize = 1_000;

/// What an answer holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Nftables {
    pub(crate) ruleset: Ruleset,
    /// Tables that iptables keeps through nftables; they are left out of the ruleset.
    pub(crate) iptables_tables: Vec<String>,
    /// The ruleset without handles, counters and elements that come and go, for the digest.
    pub(crate) normal_form: Vec<Value>,
}

/// Parses an answer; none when it is not of the documented form.
pub(crate) fn observe(bytes: &[u8]) -> Option<Nftables> {
    let document: Value = serde_json::from_slice(bytes).ok()?;
    let items = document.get("nftables")?.as_array()?;
    let iptables_tables = tables_of_iptables(items);
    let is_foreign = |item: &Map<String, Value>| {
        iptables_tables.contains(&format!("{} {}", text(item, "family"), table_of(item)))
    };
    let sets = named_sets(items);
    let mut found = Nftables::default();
    for item in items {
        let Some((kind, body)) = item.as_object().and_then(|object| object.iter().next()) else { continue };
        let Some(body) = body.as_object() else { continue };
        if is_foreign(body) {
            continue;
        }
        if kind != "metainfo" {
            found.normal_form.push(normal(kind, body));
        }
        if kind == "chain" {
            found.ruleset.chains.extend(chain(body));
        }
    }
    for item in items {
        let Some(body) = item.get("rule").and_then(Value::as_object).filter(|body| !is_foreign(body)) else {
            continue;
        };
        let rules = rules(body, &sets);
        let key = key(body, text(body, "chain"));
        if let Some(chain) = found.ruleset.chains.iter_mut().find(|chain| chain.key == key) {
            chain.rules.extend(rules);
        }
    }
    found.iptables_tables = iptables_tables;
    Some(found)
}

/// Tables whose rules use expressions of iptables, which this form does not describe, or that have its chains.
fn tables_of_iptables(items: &[Value]) -> Vec<String> {
    let mut tables = BTreeSet::new();
    for item in items {
        let (Some(body), is_rule) = (match item.get("rule") {
            Some(rule) => (rule.as_object(), true),
            None => (item.get("chain").and_then(Value::as_object), false),
        }) else {
            continue;
        };
        let foreign = if is_rule {
            body.get("expr")
                .and_then(Value::as_array)
                .is_some_and(|list| list.iter().any(|e| e.get("xt").is_some()))
        } else {
            ["INPUT", "FORWARD", "OUTPUT", "PREROUTING", "POSTROUTING"].contains(&text(body, "name"))
                && ["ip", "ip6"].contains(&text(body, "family"))
                && ["filter", "nat", "mangle", "raw", "security"].contains(&text(body, "table"))
        };
        if foreign {
            tables.insert(format!("{} {}", text(body, "family"), text(body, "table")));
        }
    }
    tables.into_iter().collect()
}

fn text<'a>(body: &'a Map<String, Value>, name: &str) -> &'a str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The table an item belongs to; a table item belongs to itself.
fn table_of(body: &Map<String, Value>) -> &str {
    body.get("table").and_then(Value::as_str).unwrap_or_else(|| text(body, "name"))
}

fn key(body: &Map<String, Value>, chain: &str) -> String {
    format!("nftables/{}/{}/{chain}", text(body, "family"), text(body, "table"))
}

fn chain(body: &Map<String, Value>) -> Option<Chain> {
    let families = match text(body, "family") {
        "ip" => vec![Family::Ip4],
        "ip6" => vec![Family::Ip6],
        "inet" => vec![Family::Ip4, Family::Ip6],
        // arp, bridge and netdev do not filter packets to this host by port.
        _ => return None,
    };
    let hook = match text(body, "hook") {
        "input" => Some(HookName::Input),
        "forward" => Some(HookName::Forward),
        "output" => Some(HookName::Output),
        _ => None,
    };
    let is_filter = text(body, "type") == "filter";
    let name = text(body, "name");
    Some(Chain {
        name: format!("nftables {} {} {name}", text(body, "family"), text(body, "table")),
        key: key(body, name),
        families,
        base: hook.filter(|_| is_filter).map(|hook| Base { hook, drops: text(body, "policy") == "drop" }),
        rules: Vec::new(),
    })
}

/// Elements of named sets and maps by `family table name`; none for those that change by themselves.
fn named_sets(items: &[Value]) -> BTreeMap<String, Option<Vec<Value>>> {
    let mut sets = BTreeMap::new();
    for item in items {
        for kind in ["set", "map"] {
            let Some(body) = item.get(kind).and_then(Value::as_object) else { continue };
            let name = format!("{} {} {}", text(body, "family"), text(body, "table"), text(body, "name"));
            let elements = body.get("elem").and_then(Value::as_array).cloned().unwrap_or_default();
            sets.insert(name, (!is_dynamic(body)).then_some(elements));
        }
    }
    sets
}

fn is_dynamic(body: &Map<String, Value>) -> bool {
    let flags = body.get("flags").map(Value::to_string).unwrap_or_default();
    flags.contains("dynamic") || flags.contains("timeout")
}

/// Drops what changes without anybody changing the rules.
fn normal(kind: &str, body: &Map<String, Value>) -> Value {
    let mut body = body.clone();
    if is_dynamic(&body) {
        body.remove("elem");
    }
    let mut value = Value::Object(body);
    strip(&mut value);
    let mut object = Map::new();
    object.insert(kind.to_owned(), value);
    Value::Object(object)
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| {
                !["handle", "index", "packets", "bytes", "expires"].contains(&name.as_str())
            });
            fields.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Turns one rule into model rules: one, or one for each element of a verdict map.
fn rules(body: &Map<String, Value>, sets: &BTreeMap<String, Option<Vec<Value>>>) -> Vec<Rule> {
    let empty = Vec::new();
    let expressions = body.get("expr").and_then(Value::as_array).unwrap_or(&empty);
    let mut reader = Reader { body, sets, condition: Condition::default(), logs: false };
    let mut action = Action::Continue;
    for expression in expressions {
        let Some((name, value)) = expression.as_object().and_then(|object| object.iter().next()) else {
            continue;
        };
        match name.as_str() {
            "match" => reader.matching(value),
            "vmap" => return reader.verdict_map(value),
            "limit" => reader.condition.limited = true,
            "log" => reader.logs = true,
            "counter" | "mangle" | "notrack" | "ct helper" | "ct timeout" | "set" | "map" | "meter"
            | "comment" | "quota" | "last" | "flow" => {}
            _ => match verdict(name, value, body) {
                Some(found) => action = found,
                None => reader.condition.opaque = true,
            },
        }
    }
    let text = rule_text(expressions);
    vec![Rule { condition: reader.condition, action, logs: reader.logs, text }]
}

fn verdict(name: &str, value: &Value, body: &Map<String, Value>) -> Option<Action> {
    let target = || value.get("target").and_then(Value::as_str).map(|chain| key(body, chain));
    Some(match name {
        "accept" => Action::Accept,
        "drop" | "reject" => Action::Refuse,
        "return" => Action::Return,
        "continue" => Action::Continue,
        "jump" => Action::Jump(target()?),
        "goto" => Action::Goto(target()?),
        // Handed to a program that decides; it may accept.
        "queue" => Action::Accept,
        _ => return None,
    })
}

struct Reader<'a> {
    body: &'a Map<String, Value>,
    sets: &'a BTreeMap<String, Option<Vec<Value>>>,
    condition: Condition,
    logs: bool,
}

impl Reader<'_> {
    fn matching(&mut self, value: &Value) {
        let operator = value.get("op").and_then(Value::as_str).unwrap_or("==");
        let negated = match operator {
            "==" | "in" => false,
            "!=" => true,
            _ => {
                self.condition.opaque = true;
                return;
            }
        };
        let (Some(left), Some(right)) = (value.get("left"), value.get("right")) else {
            self.condition.opaque = true;
            return;
        };
        match self.values(right) {
            Some(values) => self.narrow(left, &values, negated),
            None => {
                // A set that changes by itself: who is in it is not known.
                self.condition.opaque = true;
            }
        }
    }

    /// Narrows the condition by `left` being one of `values`.
    fn narrow(&mut self, left: &Value, values: &[Value], negated: bool) {
        let field =
            |kind: &str, name: &str| left.get(kind).and_then(|body| body.get(name)).and_then(Value::as_str);
        let words = || -> Option<BTreeSet<String>> { values.iter().map(word).collect() };
        let done = match (
            field("meta", "key"),
            field("ct", "key"),
            field("payload", "protocol"),
            field("payload", "field"),
        ) {
            (Some("iifname" | "iif"), ..) => words().map(|names| {
                self.condition.narrow_interfaces(names, negated);
            }),
            (Some("l4proto"), ..)
            | (_, _, Some("ip"), Some("protocol"))
            | (_, _, Some("ip6"), Some("nexthdr")) => words().filter(|_| !negated).map(|names| {
                if let Some(family) = family_of(field("payload", "protocol")) {
                    self.only_family(family);
                }
                self.protocols(names);
            }),
            (Some("nfproto" | "protocol"), ..) => {
                words().filter(|names| !negated && names.len() == 1).and_then(|names| {
                    let family = match names.first().map(String::as_str) {
                        Some("ipv4" | "ip") => Family::Ip4,
                        Some("ipv6" | "ip6") => Family::Ip6,
                        _ => return None,
                    };
                    self.only_family(family);
                    Some(())
                })
            }
            (_, Some("state"), ..) => words().map(|states| {
                self.condition.narrow_states(states, negated);
            }),
            (_, _, Some(protocol @ ("ip" | "ip6")), Some("saddr")) => {
                let family = if protocol == "ip" { Family::Ip4 } else { Family::Ip6 };
                address_set(values, family).map(|set| {
                    let set = if negated { RangeSet::all_addresses(family).difference(&set) } else { set };
                    let set = match self.condition.sources.get(&family) {
                        Some(earlier) => earlier.intersection(&set),
                        None => set,
                    };
                    self.condition.sources.insert(family, set);
                    self.only_family(family);
                })
            }
            (_, _, Some(protocol @ ("tcp" | "udp" | "th" | "udplite" | "sctp" | "dccp")), Some("dport")) => {
                port_set(values).map(|set| {
                    let set = if negated { RangeSet::all_ports().difference(&set) } else { set };
                    self.condition.ports = Some(match &self.condition.ports {
                        Some(earlier) => earlier.intersection(&set),
                        None => set,
                    });
                    if protocol != "th" {
                        self.protocols(BTreeSet::from([protocol.to_owned()]));
                    }
                })
            }
            (_, _, Some(protocol @ ("icmp" | "icmpv6")), _) => {
                let name = if protocol == "icmp" { "icmp" } else { "ipv6-icmp" };
                self.protocols(BTreeSet::from([name.to_owned()]));
                self.condition.narrowed = true;
                Some(())
            }
            // Known fields that only narrow: destination, source port, outgoing interface, marks, flags, lengths.
            (_, _, Some("ip" | "ip6" | "tcp" | "udp" | "th" | "ether" | "arp" | "vlan"), Some(_))
            | (
                Some(
                    "oifname" | "oif" | "mark" | "pkttype" | "iiftype" | "skuid" | "skgid" | "length"
                    | "time" | "hour" | "day",
                ),
                ..,
            )
            | (_, Some(_), ..) => {
                self.condition.narrowed = true;
                Some(())
            }
            _ if left.get("fib").is_some() || left.get("exthdr").is_some() || left.get("&").is_some() => {
                self.condition.narrowed = true;
                Some(())
            }
            _ => None,
        };
        if done.is_none() {
            self.condition.opaque = true;
        }
    }

    fn protocols(&mut self, names: BTreeSet<String>) {
        let names: BTreeSet<String> = names
            .into_iter()
            .map(|name| if name == "icmpv6" { "ipv6-icmp".to_owned() } else { name })
            .collect();
        self.condition.protocols = Some(match &self.condition.protocols {
            Some(earlier) => earlier.intersection(&names).cloned().collect(),
            None => names,
        });
    }

    fn only_family(&mut self, family: Family) {
        self.condition.family = Some(family);
    }

    /// Unfolds a right side into single values; none when it cannot be known.
    fn values(&self, right: &Value) -> Option<Vec<Value>> {
        match right {
            Value::String(name) if name.starts_with('@') => {
                let name =
                    format!("{} {} {}", text(self.body, "family"), text(self.body, "table"), &name[1..]);
                let elements = self.sets.get(&name)?.as_ref()?;
                Some(elements.iter().map(element).cloned().collect())
            }
            Value::Array(items) => Some(items.clone()),
            Value::Object(object) => match object.get("set").and_then(Value::as_array) {
                Some(items) => Some(items.iter().map(element).cloned().collect()),
                None => Some(vec![right.clone()]),
            },
            _ => Some(vec![right.clone()]),
        }
    }

    fn verdict_map(mut self, value: &Value) -> Vec<Rule> {
        let pairs = match value.get("data") {
            Some(Value::String(name)) if name.starts_with('@') => {
                let name =
                    format!("{} {} {}", text(self.body, "family"), text(self.body, "table"), &name[1..]);
                self.sets.get(&name).cloned().flatten()
            }
            Some(data) => data.get("set").and_then(Value::as_array).cloned(),
            None => None,
        };
        let left = value.get("key").cloned().unwrap_or(Value::Null);
        let (Some(pairs), before) = (pairs, self.condition.clone()) else {
            self.condition.opaque = true;
            // Who is sent where is not known, so it is read as if it accepted.
            let text = short(&value.to_string());
            return vec![Rule { condition: self.condition, action: Action::Accept, logs: self.logs, text }];
        };
        let mut rules = Vec::new();
        for pair in pairs.iter().take(MAP_LIMIT) {
            let Some([key, target]) = pair.as_array().map(Vec::as_slice) else { continue };
            let Some((name, body)) = target.as_object().and_then(|object| object.iter().next()) else {
                continue;
            };
            self.condition = before.clone();
            self.narrow(&left, std::slice::from_ref(element(key)), false);
            let action = verdict(name, body, self.body).unwrap_or(Action::Continue);
            let text = format!("{} : {name}", short(&key.to_string()));
            rules.push(Rule { condition: self.condition.clone(), action, logs: self.logs, text });
        }
        rules
    }
}

fn family_of(protocol: Option<&str>) -> Option<Family> {
    match protocol? {
        "ip" => Some(Family::Ip4),
        "ip6" => Some(Family::Ip6),
        _ => None,
    }
}

/// The value of a set element, which may carry a comment or a time-out.
fn element(value: &Value) -> &Value {
    value.get("elem").and_then(|elem| elem.get("val")).unwrap_or(value)
}

fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_ascii_lowercase()),
        Value::Number(number) => Some(match number.as_u64()? {
            1 => "icmp".to_owned(),
            6 => "tcp".to_owned(),
            17 => "udp".to_owned(),
            58 => "ipv6-icmp".to_owned(),
            other => other.to_string(),
        }),
        _ => None,
    }
}

fn address_set(values: &[Value], family: Family) -> Option<RangeSet> {
    let mut ranges = Vec::new();
    for value in values {
        let range = match value {
            Value::String(text) => Prefix::parse(text).filter(|prefix| prefix.family == family)?.range(),
            Value::Object(object) => {
                if let Some(prefix) = object.get("prefix") {
                    let text = format!("{}/{}", prefix.get("addr")?.as_str()?, prefix.get("len")?.as_u64()?);
                    Prefix::parse(&text).filter(|prefix| prefix.family == family)?.range()
                } else {
                    let ends = object.get("range")?.as_array()?;
                    let end = |index: usize| {
                        let host: IpAddr = ends.get(index)?.as_str()?.parse().ok()?;
                        Some(numeric(host)).filter(|(of, _)| *of == family).map(|(_, value)| value)
                    };
                    (end(0)?, end(1)?)
                }
            }
            _ => return None,
        };
        ranges.push(range);
    }
    Some(RangeSet::of(ranges))
}

fn port_set(values: &[Value]) -> Option<RangeSet> {
    let port = |value: &Value| value.as_u64().and_then(|port| u16::try_from(port).ok()).map(u128::from);
    let mut ranges = Vec::new();
    for value in values {
        ranges.push(match value.get("range").and_then(Value::as_array) {
            Some(ends) => (port(ends.first()?)?, port(ends.get(1)?)?),
            None => port(value).map(|port| (port, port))?,
        });
    }
    Some(RangeSet::of(ranges))
}

fn rule_text(expressions: &[Value]) -> String {
    let mut stripped = Value::Array(expressions.to_vec());
    strip(&mut stripped);
    let parts: Vec<String> =
        stripped.as_array().map(Vec::as_slice).unwrap_or_default().iter().map(words_of).collect();
    short(&parts.join(" "))
}

/// Writes an expression in words close to nft's own.
fn words_of(expression: &Value) -> String {
    let Some((name, body)) = expression.as_object().and_then(|object| object.iter().next()) else {
        return expression.to_string();
    };
    match name.as_str() {
        "match" => {
            let side = |name: &str| body.get(name).map(operand).unwrap_or_default();
            match body.get("op").and_then(Value::as_str) {
                Some("==" | "in") | None => format!("{} {}", side("left"), side("right")),
                Some(operator) => format!("{} {operator} {}", side("left"), side("right")),
            }
        }
        "jump" | "goto" => {
            format!("{name} {}", body.get("target").and_then(Value::as_str).unwrap_or_default())
        }
        _ => name.clone(),
    }
}

fn operand(value: &Value) -> String {
    let list =
        |items: &[Value], separator: &str| items.iter().map(operand).collect::<Vec<_>>().join(separator);
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => list(items, ","),
        Value::Object(object) => {
            let get = |name: &str| object.get(name);
            if let Some(body) = get("payload") {
                let part = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or("raw").to_owned();
                format!("{} {}", part("protocol"), part("field"))
            } else if let Some(body) = get("meta").or_else(|| get("ct")) {
                let group = if object.contains_key("ct") { "ct " } else { "" };
                format!("{group}{}", body.get("key").and_then(Value::as_str).unwrap_or_default())
            } else if let Some(items) = get("set").and_then(Value::as_array) {
                format!("{{ {} }}", list(items, ", "))
            } else if let Some(body) = get("prefix") {
                format!(
                    "{}/{}",
                    body.get("addr").map(operand).unwrap_or_default(),
                    body.get("len").map(operand).unwrap_or_default()
                )
            } else if let Some(items) = get("range").and_then(Value::as_array) {
                list(items, "-")
            } else {
                value.to_string()
            }
        }
        other => other.to_string(),
    }
}

fn short(text: &str) -> String {
    text.chars().take(TEXT_LIMIT).collect()
}
