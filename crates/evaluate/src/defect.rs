//! A defect of the engine that would turn missing data into a pass, refused when a check is loaded.
//!
//! In regorus 0.14.1 the bytecode compiler does not know that the variables of `every` are bound when one of them is
//! an index inside the body: `every name in ["a", "b"] { input.x[name] == 1 }` is compiled as if `name` ran over all of
//! `input.x`, so it is true as soon as **any** field is 1, even when `a` is missing. The interpreter is right. Binding
//! the variable again (`key := name; input.x[key] == 1`) or `object.get(input.x, name, null)` is compiled correctly.
//! The test in `tests/library.rs` fails when a new version of the engine mends it: then this file can go.

use regorus::Engine;
use regorus::unstable::{Expr, Literal, LiteralStmt, Query, Rule, RuleAssign, RuleHead};

/// Finds the first index by a variable of an enclosing `every`: its name and line.
pub(crate) fn every_variable_as_index(engine: &mut Engine) -> Option<(String, u32)> {
    let mut search = Search { bound: Vec::new(), found: None };
    for module in engine.get_modules() {
        module.policy.iter().for_each(|rule| search.rule(rule));
    }
    search.found
}

/// A walk through the syntax tree. The parser bounds the nesting of expressions, and with it the depth of the walk.
struct Search {
    /// Variables of the `every` statements around the place.
    bound: Vec<String>,
    found: Option<(String, u32)>,
}

impl Search {
    fn rule(&mut self, rule: &Rule) {
        match rule {
            Rule::Spec { head, bodies, .. } => {
                self.head(head);
                for body in bodies {
                    self.assign(body.assign.as_ref());
                    self.query(&body.query);
                }
            }
            Rule::Default { value, .. } => self.expr(value),
        }
    }

    fn head(&mut self, head: &RuleHead) {
        match head {
            RuleHead::Compr { refr, assign, .. } => {
                self.expr(refr);
                self.assign(assign.as_ref());
            }
            RuleHead::Set { refr, key, .. } => {
                self.expr(refr);
                key.iter().for_each(|key| self.expr(key));
            }
            RuleHead::Func { refr, args, assign, .. } => {
                self.expr(refr);
                args.iter().for_each(|argument| self.expr(argument));
                self.assign(assign.as_ref());
            }
        }
    }

    fn assign(&mut self, assign: Option<&RuleAssign>) {
        assign.into_iter().for_each(|assign| self.expr(&assign.value));
    }

    fn query(&mut self, query: &Query) {
        query.stmts.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &LiteralStmt) {
        match &statement.literal {
            Literal::SomeVars { .. } => {}
            Literal::SomeIn { key, value, collection, .. } => {
                key.iter().chain([value, collection]).for_each(|expr| self.expr(expr));
            }
            Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => self.expr(expr),
            Literal::Every { key, value, domain, query, .. } => {
                self.expr(domain);
                let outside = self.bound.len();
                self.bound.extend(key.iter().chain([value]).map(|span| span.text().to_owned()));
                self.query(query);
                self.bound.truncate(outside);
            }
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::RefBrack { refr, index, span, .. } => {
                if let Expr::Var { span: variable, .. } = index.as_ref()
                    && self.bound.iter().any(|bound| bound == variable.text())
                {
                    self.found.get_or_insert_with(|| (variable.text().to_owned(), span.line));
                }
                self.expr(refr);
                self.expr(index);
            }
            Expr::RefDot { refr, .. } => self.expr(refr),
            Expr::Array { items, .. } | Expr::Set { items, .. } => {
                items.iter().for_each(|item| self.expr(item))
            }
            Expr::Object { fields, .. } => fields.iter().for_each(|(_, key, value)| {
                self.expr(key);
                self.expr(value);
            }),
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.expr(term);
                self.query(query);
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                self.expr(key);
                self.expr(value);
                self.query(query);
            }
            Expr::Call { fcn, params, .. } => {
                self.expr(fcn);
                params.iter().for_each(|parameter| self.expr(parameter));
            }
            Expr::UnaryExpr { expr, .. } => self.expr(expr),
            Expr::BinExpr { lhs, rhs, .. }
            | Expr::BoolExpr { lhs, rhs, .. }
            | Expr::ArithExpr { lhs, rhs, .. }
            | Expr::AssignExpr { lhs, rhs, .. } => {
                self.expr(lhs);
                self.expr(rhs);
            }
            Expr::Membership { key, value, collection, .. } => {
                key.iter().chain([value, collection]).for_each(|expr| self.expr(expr));
            }
            _ => {}
        }
    }
}
