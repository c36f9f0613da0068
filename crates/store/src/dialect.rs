//! The few places where the two databases need different words.

use std::fmt;

/// Which database is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The embedded database, one file in the data folder.
    Sqlite,
    /// A PostgreSQL server, for several nodes.
    Postgres,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

impl Dialect {
    /// Returns the type of a column of raw bytes.
    #[must_use]
    pub fn bytes_type(self) -> &'static str {
        match self {
            Self::Sqlite => "BLOB",
            Self::Postgres => "BYTEA",
        }
    }

    /// Returns the words after `CREATE TABLE (…)` that keep rows inside the primary key's tree.
    fn clustered(self) -> &'static str {
        match self {
            Self::Sqlite => "WITHOUT ROWID",
            Self::Postgres => "",
        }
    }

    /// Turns the text of a migration into statements of this database.
    ///
    /// `{{BYTES}}` becomes the type of raw bytes. `{{CLUSTERED}}` after the closing bracket of a table keeps its
    /// rows inside the primary key where the database can (for narrow rows with a composite key). A line `{{APPEND_ONLY table}}` becomes the triggers by which
    /// `table` refuses `UPDATE` and `DELETE` (and `TRUNCATE` where it exists); `{{FROZEN table}}` refuses
    /// `UPDATE` only, for rows that may be erased as a whole.
    ///
    /// # Errors
    /// Names the token that is not known.
    pub fn expand(self, text: &str) -> Result<String, String> {
        let mut out = String::with_capacity(text.len() + 256);
        let mut rest = text;
        while let Some(start) = rest.find("{{") {
            let end = rest[start..].find("}}").map(|at| start + at).ok_or("a token is not closed")?;
            out.push_str(&rest[..start]);
            out.push_str(&self.token(rest[start + 2..end].trim())?);
            rest = &rest[end + 2..];
        }
        out.push_str(rest);
        Ok(out)
    }

    fn token(self, token: &str) -> Result<String, String> {
        match token.split_once(' ') {
            None if token == "BYTES" => Ok(self.bytes_type().to_owned()),
            None if token == "CLUSTERED" => Ok(self.clustered().to_owned()),
            Some(("APPEND_ONLY", table)) if is_plain(table) => {
                Ok(self.refuse(table, &["UPDATE", "DELETE", "TRUNCATE"]))
            }
            Some(("FROZEN", table)) if is_plain(table) => Ok(self.refuse(table, &["UPDATE"])),
            _ => Err(format!("the token {{{{{token}}}}} is not known")),
        }
    }

    fn refuse(self, table: &str, statements: &[&str]) -> String {
        let mut out = String::new();
        for statement in statements {
            let name = format!("{table}_refuses_{}", statement.to_lowercase());
            match (self, *statement) {
                // SQLite has no TRUNCATE; its DELETE without WHERE fires row triggers.
                (Self::Sqlite, "TRUNCATE") => {}
                (Self::Sqlite, _) => out.push_str(&format!(
                    "CREATE TRIGGER {name} BEFORE {statement} ON {table} \
                     BEGIN SELECT RAISE(ABORT, '{table} refuses {statement}'); END;\n"
                )),
                (Self::Postgres, _) => {
                    let each = if *statement == "TRUNCATE" { "STATEMENT" } else { "ROW" };
                    out.push_str(&format!(
                        "CREATE TRIGGER {name} BEFORE {statement} ON {table} \
                         FOR EACH {each} EXECUTE FUNCTION refuse_change();\n"
                    ));
                }
            }
        }
        out
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_become_words_of_the_database() {
        assert_eq!(Dialect::Sqlite.expand("a {{BYTES}}, b {{BYTES}}").as_deref(), Ok("a BLOB, b BLOB"));
        assert_eq!(Dialect::Postgres.expand("a {{BYTES}}").as_deref(), Ok("a BYTEA"));
        let sqlite = Dialect::Sqlite.expand("{{APPEND_ONLY leaf}}").expect("known token");
        assert!(sqlite.contains("BEFORE UPDATE ON leaf") && sqlite.contains("BEFORE DELETE ON leaf"));
        let postgres = Dialect::Postgres.expand("{{APPEND_ONLY leaf}}").expect("known token");
        assert!(postgres.contains("BEFORE TRUNCATE ON leaf FOR EACH STATEMENT"));
        assert!(!Dialect::Sqlite.expand("{{FROZEN leaf}}").expect("known token").contains("DELETE"));
    }

    #[test]
    fn unknown_and_unclosed_tokens_are_refused() {
        for text in ["{{BITES}}", "{{APPEND_ONLY a;b}}", "{{APPEND_ONLY }}", "{{BYTES"] {
            assert!(Dialect::Sqlite.expand(text).is_err(), "{text}");
        }
    }
}
