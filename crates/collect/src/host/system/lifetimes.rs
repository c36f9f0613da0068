//! Published dates after which nobody repairs a release, as of [`TABLE_DATE`].
//!
//! A date is the last day with free security updates, end of the day UTC. Distributions: pages of the distributors on
//! their release life cycles. Runtimes and databases: version policies of the projects. An unknown release is not a
//! supported one: the fact is left out and a gap says so.

use tickmark_core::observation::host::Moment;

/// When the tables were last compared with the pages.
pub(crate) const TABLE_DATE: &str = "2026-11-01";

/// Distribution, version, end of free security support, end of extended support (paid or by volunteers).
const RELEASES: [(&str, &str, &str, Option<&str>); 26] = [
    ("debian", "9", "2020-07-18", Some("2022-06-30")),
    ("debian", "10", "2022-09-10", Some("2024-06-30")),
    ("debian", "11", "2024-08-14", Some("2026-08-31")),
    ("debian", "12", "2026-06-10", Some("2028-06-30")),
    ("debian", "13", "2028-08-09", Some("2030-06-30")),
    ("ubuntu", "16.04", "2021-04-30", Some("2026-04-30")),
    ("ubuntu", "18.04", "2023-05-31", Some("2028-04-30")),
    ("ubuntu", "20.04", "2025-05-31", Some("2030-04-30")),
    ("ubuntu", "22.04", "2027-04-30", Some("2032-04-30")),
    ("ubuntu", "24.04", "2029-05-31", Some("2034-04-30")),
    ("ubuntu", "25.04", "2026-01-15", None),
    ("ubuntu", "25.10", "2026-07-31", None),
    ("ubuntu", "26.04", "2031-04-30", Some("2036-04-30")),
    ("rhel", "7", "2024-06-30", Some("2028-06-30")),
    ("rhel", "8", "2029-05-31", Some("2032-05-31")),
    ("rhel", "9", "2032-05-31", Some("2035-05-31")),
    ("rhel", "10", "2035-05-31", Some("2038-05-31")),
    ("rocky", "8", "2029-05-31", None),
    ("rocky", "9", "2032-05-31", None),
    ("almalinux", "8", "2029-03-01", None),
    ("almalinux", "9", "2032-05-31", None),
    ("centos", "7", "2024-06-30", None),
    ("centos", "8", "2021-12-31", None),
    ("amzn", "2", "2026-06-30", None),
    ("amzn", "2023", "2029-06-30", None),
    ("alpine", "3.22", "2027-05-01", None),
];

/// Product, series, end of life by the project.
const RUNTIMES: [(&str, &str, &str); 46] = [
    ("postgresql", "11", "2023-11-09"),
    ("postgresql", "12", "2024-11-21"),
    ("postgresql", "13", "2025-11-13"),
    ("postgresql", "14", "2026-11-12"),
    ("postgresql", "15", "2027-11-11"),
    ("postgresql", "16", "2028-11-09"),
    ("postgresql", "17", "2029-11-08"),
    ("postgresql", "18", "2030-11-14"),
    ("mariadb", "10.5", "2025-06-24"),
    ("mariadb", "10.6", "2026-07-06"),
    ("mariadb", "10.11", "2028-02-16"),
    ("mariadb", "11.4", "2029-05-29"),
    ("mariadb", "11.8", "2028-06-04"),
    ("mysql", "5.7", "2023-10-31"),
    ("mysql", "8.0", "2026-04-30"),
    ("mysql", "8.4", "2032-04-30"),
    ("python", "3.8", "2024-10-07"),
    ("python", "3.9", "2025-10-31"),
    ("python", "3.10", "2026-10-31"),
    ("python", "3.11", "2027-10-31"),
    ("python", "3.12", "2028-10-31"),
    ("python", "3.13", "2029-10-31"),
    ("python", "3.14", "2030-10-31"),
    ("nodejs", "16", "2023-09-11"),
    ("nodejs", "18", "2025-04-30"),
    ("nodejs", "20", "2026-04-30"),
    ("nodejs", "22", "2027-04-30"),
    ("nodejs", "24", "2028-04-30"),
    ("php", "7.4", "2022-11-28"),
    ("php", "8.0", "2023-11-26"),
    ("php", "8.1", "2025-12-31"),
    ("php", "8.2", "2026-12-31"),
    ("php", "8.3", "2027-12-31"),
    ("php", "8.4", "2028-12-31"),
    ("ruby", "3.1", "2025-03-26"),
    ("ruby", "3.2", "2026-03-31"),
    ("ruby", "3.3", "2027-03-31"),
    ("ruby", "3.4", "2028-03-31"),
    ("openjdk", "8", "2030-12-31"),
    ("openjdk", "11", "2027-10-31"),
    ("openjdk", "17", "2027-10-31"),
    ("openjdk", "21", "2029-12-31"),
    ("redis", "6", "2025-02-28"),
    ("redis", "7", "2028-02-28"),
    ("mongodb", "6.0", "2025-07-31"),
    ("mongodb", "7.0", "2027-08-31"),
];

/// End of free and of extended support of a distribution's release.
pub(crate) fn release(id: &str, version: &str) -> Option<(Moment, Option<Moment>)> {
    // Minor versions share the life of their major version, except where the minor one is the release.
    let major = version.split('.').next().unwrap_or(version);
    let found = RELEASES
        .iter()
        .find(|(of, release, ..)| *of == id && *release == version)
        .or_else(|| RELEASES.iter().find(|(of, release, ..)| *of == id && *release == major))?;
    Some((end_of_day(found.2)?, found.3.and_then(end_of_day)))
}

/// End of life of a series by its project.
pub(crate) fn runtime(product: &str, series: &str) -> Option<Moment> {
    RUNTIMES
        .iter()
        .find(|(of, name, _)| *of == product && *name == series)
        .and_then(|(_, _, day)| end_of_day(day))
}

/// Recognizes product and series by a package and its version.
pub(crate) fn recognize(package: &str, version: &str) -> Option<(&'static str, String)> {
    let upstream = version.split_once(':').map_or(version, |(_, rest)| rest);
    let parts: Vec<&str> = upstream.split(['.', '-', '+', '~']).collect();
    let major = parts.first().copied().unwrap_or_default();
    let two = || parts.get(1).map(|minor| format!("{major}.{minor}"));
    let suffix = |prefix: &str| {
        let rest = package.strip_prefix(prefix)?;
        (!rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || b == b'.')).then(|| rest.to_owned())
    };
    if let Some(series) = suffix("postgresql-") {
        return Some(("postgresql", series));
    }
    if let Some(series) = suffix("python").filter(|series| series.contains('.')) {
        return Some(("python", series));
    }
    for (prefix, product) in [("php", "php"), ("ruby", "ruby")] {
        if let Some(series) = suffix(prefix).filter(|series| series.contains('.')) {
            return Some((product, series));
        }
    }
    if let Some(series) = package.strip_prefix("openjdk-").and_then(|rest| {
        rest.strip_suffix("-jre-headless").filter(|series| series.bytes().all(|b| b.is_ascii_digit()))
    }) {
        return Some(("openjdk", series.to_owned()));
    }
    match package {
        "nodejs" => Some(("nodejs", major.to_owned())),
        "mariadb-server" => two().map(|series| ("mariadb", series)),
        "mysql-server" | "mysql-community-server" => two().map(|series| ("mysql", series)),
        "redis-server" => Some(("redis", major.to_owned())),
        "mongodb-org-server" => two().map(|series| ("mongodb", series)),
        _ => None,
    }
}

fn end_of_day(day: &str) -> Option<Moment> {
    let at: tickmark_core::Timestamp = format!("{day}T23:59:59Z").parse().ok()?;
    Some(at.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_date_is_a_date_and_supports_end_in_order() {
        for (id, version, end, extended) in RELEASES {
            let end = end_of_day(end).expect(version);
            if let Some(extended) = extended {
                assert!(end_of_day(extended).expect(version) > end, "{id} {version}");
            }
        }
        for (product, series, end) in RUNTIMES {
            assert!(end_of_day(end).is_some(), "{product} {series}");
        }
        // 30 June 2028, the end of the volunteers' support of Debian 12.
        assert_eq!(release("debian", "12").expect("known").1, Some(Moment(1_846_022_399)));
        assert_eq!(release("rhel", "9.4"), release("rhel", "9"));
        assert_eq!(release("debian", "99"), None);
    }

    #[test]
    fn runtimes_are_recognized() {
        let check = |package, version, expected: Option<(&'static str, &str)>| {
            assert_eq!(recognize(package, version), expected.map(|(a, b)| (a, b.to_owned())), "{package}");
        };
        check("postgresql-15", "15.5-0+deb12u1", Some(("postgresql", "15")));
        check("postgresql-client-15", "15.5", None);
        check("postgresql-common", "248", None);
        check("python3.11", "3.11.2-6", Some(("python", "3.11")));
        check("python3", "3.11.2-1", None);
        check("nodejs", "18.19.0+dfsg-6", Some(("nodejs", "18")));
        check("mariadb-server", "1:10.11.6-0+deb12u1", Some(("mariadb", "10.11")));
        check("openjdk-17-jre-headless", "17.0.9+9-1", Some(("openjdk", "17")));
        check("ruby3.1", "3.1.2-7", Some(("ruby", "3.1")));
    }
}
