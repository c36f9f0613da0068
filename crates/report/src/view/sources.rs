//! Figures numbered by where they come from.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tickmark_core::report::readiness::{Citation, Figure};

/// Citations of figures, numbered in order of first use.
#[derive(Default)]
pub(crate) struct Sources {
    numbers: BTreeMap<Vec<Citation>, usize>,
    order: Vec<Vec<Citation>>,
}

impl Sources {
    /// Walks `value`; every figure in it gets its printed form as `text` and the number of its source as `source`.
    pub(crate) fn number(&mut self, value: &mut Value) {
        match value {
            Value::Object(map) => match figure(map) {
                Some(figure) => {
                    map.insert("text".into(), Value::String(figure.to_string()));
                    map.insert("source".into(), json!(self.number_of(figure.cites)));
                }
                None => map.values_mut().for_each(|child| self.number(child)),
            },
            Value::Array(items) => items.iter_mut().for_each(|item| self.number(item)),
            _ => {}
        }
    }

    /// Returns all sources as lists of printed citations; the first has number 1.
    pub(crate) fn into_value(self) -> Value {
        let printed = |cites: Vec<Citation>| -> Value { cites.iter().map(Citation::to_string).collect() };
        self.order.into_iter().map(printed).collect()
    }

    fn number_of(&mut self, cites: Vec<Citation>) -> usize {
        let next = self.order.len() + 1;
        *self.numbers.entry(cites).or_insert_with_key(|cites| {
            self.order.push(cites.clone());
            next
        })
    }
}

fn figure(map: &Map<String, Value>) -> Option<Figure> {
    if !(map.len() == 3 && map.contains_key("value") && map.contains_key("unit") && map.contains_key("cites"))
    {
        return None;
    }
    serde_json::from_value(Value::Object(map.clone())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_citations_share_a_number() {
        let figure = |n, run| Figure::count(n, vec![Citation::run(run)]);
        let mut value = json!({"a": figure(1, 7), "b": [figure(2, 8), figure(3, 7)]});
        let mut sources = Sources::default();
        sources.number(&mut value);
        assert_eq!(value["a"]["source"], 1);
        assert_eq!(value["b"][0]["source"], 2);
        assert_eq!((&value["b"][1]["source"], &value["b"][1]["text"]), (&json!(1), &json!("3")));
        assert_eq!(sources.into_value(), json!([["run 7"], ["run 8"]]));
    }
}
