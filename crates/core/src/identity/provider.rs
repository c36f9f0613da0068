//! What is asked of an identity provider and of what it says: OpenID Connect, seen from whoever relies on it.
//!
//! Signatures are verified elsewhere; here is what must hold of what was signed. An identity is issuer and subject, never an
//! address.
//!
//! Source: OpenID Connect Core 1.0 (errata 2), sections 2, 3.1.2.1 and 3.1.3.7; OpenID Connect Back-Channel Logout 1.0,
//! sections 2.4 and 2.6; RFC 9207; `docs/domain/identity.md` section 1.7.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::decision::Factor;

/// How far the clocks of a provider and of this machine may be apart, in seconds.
pub const SKEW_S: i64 = 60;
/// How old a logout token may be, in seconds.
pub const LOGOUT_S: i64 = 120;
/// Most characters of a subject.
const MAX_SUBJECT_CHARS: usize = 255;
/// Most characters of a name or an address that a provider says.
const MAX_SAID_CHARS: usize = 200;
/// The member of `events` that makes a token one of logging out.
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Hosts of Microsoft Entra ID, where one name stands for every tenant of the world.
const ENTRA_HOSTS: [&str; 3] =
    ["login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn"];

/// How a provider signs. None of them shares a secret, and none signs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// RSA, PKCS #1 v1.5, SHA-256.
    Rs256,
    /// RSA, PSS, SHA-256.
    Ps256,
    /// ECDSA on P-256, SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// Returns its name in the header of a token (RFC 7518, RFC 8037).
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Finds the one of this name, exactly as it is written.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }
}

/// Why something of a provider is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// It is not of its form.
    Malformed,
    /// It is signed in a way that is not taken, or not at all.
    Algorithm,
    /// The signature is not that of a key of the provider.
    Signature,
    /// Another issuer says it.
    Issuer,
    /// It is for somebody else.
    Audience,
    /// Its time is over, has not come, or is missing.
    Time,
    /// It answers another question.
    Nonce,
    /// Who it is was not shown lately enough.
    Stale,
    /// It does not say who it is.
    Subject,
    /// The address is of a domain that is not taken.
    Domain,
}

impl Fault {
    /// Returns the reason code.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Malformed => "provider_malformed",
            Self::Algorithm => "provider_algorithm",
            Self::Signature => "provider_signature",
            Self::Issuer => "provider_issuer",
            Self::Audience => "provider_audience",
            Self::Time => "provider_time",
            Self::Nonce => "provider_nonce",
            Self::Stale => "provider_stale",
            Self::Subject => "provider_subject",
            Self::Domain => "provider_domain",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why an address is no issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnIssuer {
    /// It is no HTTPS address, or holds what an issuer does not.
    #[error("an issuer is an https address without user, query and fragment")]
    Form,
    /// It stands for every tenant.
    #[error(
        "this address stands for every tenant of the world; take the one with the id of your own tenant in it"
    )]
    Shared,
}

/// Refuses what is no issuer: an `https` address without user, query and fragment. On this machine itself, for trying, `http`
/// is one too.
///
/// # Errors
/// If so, or if it is an address of Entra that stands for every tenant.
pub fn check_issuer(issuer: &str) -> Result<(), NotAnIssuer> {
    let host = host_of(issuer).ok_or(NotAnIssuer::Form)?;
    if issuer.contains(['?', '#', '@', '\\']) || issuer.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(NotAnIssuer::Form);
    }
    if ENTRA_HOSTS.contains(&host) && tenant_of(issuer).is_none() {
        return Err(NotAnIssuer::Shared);
    }
    Ok(())
}

/// Tells whether an address that a provider names may be asked: by HTTPS, or, where the provider is on this machine itself,
/// as it is.
#[must_use]
pub fn is_endpoint(address: &str) -> bool {
    let is_plain = !address.contains(['#', '@', '\\']) && address.len() <= 2_000;
    is_plain && address.bytes().all(|byte| byte.is_ascii_graphic()) && host_of(address).is_some()
}

fn host_of(address: &str) -> Option<&str> {
    let rest = match address.strip_prefix("https://") {
        Some(rest) => rest,
        None => {
            let rest = address.strip_prefix("http://")?;
            let host = rest.split(['/', ':']).next()?;
            ["127.0.0.1", "localhost"].contains(&host).then_some(rest)?
        }
    };
    let authority = rest.split(['/', '?']).next()?;
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    (!host.is_empty()).then_some(host)
}

/// The tenant of an issuer of Entra, which is an id and no word such as `common`.
fn tenant_of(issuer: &str) -> Option<uuid::Uuid> {
    let rest = issuer.strip_prefix("https://")?;
    let (host, path) = rest.split_once('/')?;
    if !ENTRA_HOSTS.contains(&host) {
        return None;
    }
    uuid::Uuid::try_parse(path.split('/').next()?).ok()
}

/// What a token of a provider says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who says it.
    pub issuer: String,
    /// About whom, as the provider calls them.
    pub subject: String,
    /// The address that it says, in the words of the provider; no identity.
    pub email: String,
    /// The name that it says.
    pub name: String,
    /// When it was shown who it is, in seconds; none where it does not say.
    pub shown_at: Option<i64>,
    /// Until when the provider lets a session last, in seconds.
    pub session_until: Option<i64>,
    /// What the provider calls the session; may be empty.
    pub sid: String,
    /// How it was shown: the words of `amr`, and that of `acr`.
    pub how: BTreeSet<String>,
}

/// What a token must answer.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The issuer of the connection, exactly.
    pub issuer: &'a str,
    /// What the provider calls this program.
    pub client: &'a str,
    /// What was asked with.
    pub nonce: &'a str,
    /// The present moment, in seconds.
    pub now: i64,
    /// From when on it must have been shown who it is, in seconds; none where any moment does.
    pub shown_from: Option<i64>,
    /// Domains of addresses that are taken; all if there are none.
    pub domains: &'a BTreeSet<String>,
}

#[derive(Deserialize)]
struct Raw {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Value>,
    azp: Option<String>,
    exp: Option<i64>,
    iat: Option<i64>,
    nbf: Option<i64>,
    nonce: Option<String>,
    auth_time: Option<i64>,
    amr: Option<Vec<String>>,
    acr: Option<String>,
    email: Option<String>,
    name: Option<String>,
    session_expiry: Option<i64>,
    sid: Option<String>,
    tid: Option<String>,
    oid: Option<String>,
    jti: Option<String>,
    events: Option<Value>,
}

impl Raw {
    fn read(body: &[u8]) -> Result<Self, Fault> {
        serde_json::from_slice(body).map_err(|_| Fault::Malformed)
    }

    fn check_party(&self, issuer: &str, client: &str) -> Result<(), Fault> {
        if self.iss.as_deref() != Some(issuer) {
            return Err(Fault::Issuer);
        }
        let audiences: Vec<&str> = match &self.aud {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => {
                all.iter().map(|one| one.as_str().ok_or(Fault::Malformed)).collect::<Result<_, _>>()?
            }
            _ => return Err(Fault::Audience),
        };
        let is_ours = audiences.contains(&client);
        // For several it must say for which of them; whatever it says must be this one.
        let is_alone = audiences.iter().all(|one| *one == client);
        let is_meant = match &self.azp {
            Some(party) => party == client,
            None => is_alone,
        };
        if is_ours && is_meant { Ok(()) } else { Err(Fault::Audience) }
    }

    fn check_time(&self, now: i64) -> Result<(), Fault> {
        let (Some(until), Some(made)) = (self.exp, self.iat) else { return Err(Fault::Time) };
        let has_begun = made <= now.saturating_add(SKEW_S)
            && self.nbf.is_none_or(|from| from <= now.saturating_add(SKEW_S));
        if has_begun && now < until.saturating_add(SKEW_S) { Ok(()) } else { Err(Fault::Time) }
    }

    /// Who it is. Of Entra it is tenant and object: the subject there is another one for each program.
    fn whose(&self, issuer: &str) -> Result<String, Fault> {
        let subject = self.sub.as_deref().unwrap_or_default();
        let fits = |text: &str| {
            !text.is_empty()
                && text.chars().count() <= MAX_SUBJECT_CHARS
                && !text.chars().any(char::is_control)
        };
        if !fits(subject) {
            return Err(Fault::Subject);
        }
        let Some(tenant) = tenant_of(issuer) else { return Ok(subject.to_owned()) };
        let said = self.tid.as_deref().and_then(|id| uuid::Uuid::try_parse(id).ok());
        let object = self.oid.as_deref().filter(|object| fits(object)).ok_or(Fault::Subject)?;
        if said != Some(tenant) {
            return Err(Fault::Issuer);
        }
        Ok(format!("{tenant}/{object}"))
    }
}

fn said(text: Option<String>) -> String {
    let text = text.unwrap_or_default();
    text.trim().chars().filter(|c| !c.is_control()).take(MAX_SAID_CHARS).collect()
}

/// Reads an ID token whose signature was verified, and refuses what does not answer what was asked.
///
/// # Errors
/// What does not hold.
pub fn read(body: &[u8], expected: &Expected<'_>) -> Result<Claims, Fault> {
    let raw = Raw::read(body)?;
    raw.check_party(expected.issuer, expected.client)?;
    raw.check_time(expected.now)?;
    if raw.nonce.as_deref() != Some(expected.nonce) {
        return Err(Fault::Nonce);
    }
    let subject = raw.whose(expected.issuer)?;
    // A proof that is to come is none.
    let shown_at = raw.auth_time.filter(|at| *at <= expected.now.saturating_add(SKEW_S));
    if let Some(from) = expected.shown_from
        && shown_at.is_none_or(|at| at < from.saturating_sub(SKEW_S))
    {
        return Err(Fault::Stale);
    }
    if raw.session_expiry.is_some_and(|until| until <= expected.now) {
        return Err(Fault::Time);
    }
    let email = said(raw.email).to_lowercase();
    let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
    if !expected.domains.is_empty() && !expected.domains.contains(domain) {
        return Err(Fault::Domain);
    }
    let mut how: BTreeSet<String> = raw.amr.unwrap_or_default().into_iter().take(20).collect();
    how.extend(raw.acr);
    Ok(Claims {
        issuer: expected.issuer.to_owned(),
        subject,
        email,
        name: said(raw.name),
        shown_at,
        session_until: raw.session_expiry,
        sid: raw.sid.filter(|sid| sid.len() <= MAX_SUBJECT_CHARS).unwrap_or_default(),
        how,
    })
}

/// Returns how strongly somebody showed who they are, by the words of the provider and what they are worth here.
#[must_use]
pub fn factor(how: &BTreeSet<String>, second: &BTreeSet<String>, strong: &BTreeSet<String>) -> Factor {
    if !how.is_disjoint(strong) {
        Factor::Passkey
    } else if !how.is_disjoint(second) {
        Factor::Code
    } else {
        Factor::Password
    }
}

/// Whom a provider signed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logout {
    /// Whom; empty where it names a session only.
    pub subject: String,
    /// Which session; empty where it names somebody only, whose sessions all end.
    pub sid: String,
    /// What names the message.
    pub jti: String,
    /// Until when it could be taken, in seconds.
    pub until: i64,
}

/// Reads a logout token whose signature was verified. `kind` is the `typ` of its header.
///
/// # Errors
/// What does not hold.
pub fn read_logout(
    body: &[u8],
    kind: Option<&str>,
    (issuer, client): (&str, &str),
    now: i64,
) -> Result<Logout, Fault> {
    let is_kind = kind.is_some_and(|kind| {
        let kind = kind.to_ascii_lowercase();
        kind == "logout+jwt" || kind == "application/logout+jwt"
    });
    let raw = Raw::read(body)?;
    let is_event = raw.events.as_ref().is_some_and(|events| events[LOGOUT_EVENT].is_object());
    if !is_kind || !is_event || raw.nonce.is_some() {
        return Err(Fault::Malformed);
    }
    raw.check_party(issuer, client)?;
    raw.check_time(now)?;
    if raw.iat.is_none_or(|made| made < now.saturating_sub(LOGOUT_S)) {
        return Err(Fault::Time);
    }
    let fits = |text: &String| !text.is_empty() && text.len() <= MAX_SUBJECT_CHARS;
    let jti = raw.jti.clone().filter(fits).ok_or(Fault::Malformed)?;
    let sid = raw.sid.clone().filter(fits).unwrap_or_default();
    // Entra names a subject of its own here, and always the session.
    let subject = match (&raw.sub, tenant_of(issuer)) {
        (Some(_), None) => raw.whose(issuer)?,
        (Some(_), Some(_)) if raw.oid.is_some() => raw.whose(issuer)?,
        _ => String::new(),
    };
    if subject.is_empty() && sid.is_empty() {
        return Err(Fault::Subject);
    }
    let until = raw.exp.unwrap_or(now).min(now.saturating_add(LOGOUT_S)).saturating_add(SKEW_S);
    Ok(Logout { subject, sid, jti, until })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ISSUER: &str = "https://id.example.com";
    const NOW: i64 = 1_795_531_500;
    const TENANT: &str = "6b0a4f1c-0f3b-4a7e-9a51-52c9a1d1f0aa";

    fn good() -> Value {
        json!({
            "iss": ISSUER, "sub": "248289761001", "aud": "tickmark", "exp": NOW + 300, "iat": NOW - 5,
            "nonce": "n", "auth_time": NOW - 60, "amr": ["pwd", "mfa"], "acr": "phr", "email": "Robin@Example.com",
            "email_verified": true, "name": "Robin", "sid": "s1",
        })
    }

    fn with(changes: Value) -> Value {
        let mut claims = good();
        for (name, value) in changes.as_object().expect("an object") {
            if value.is_null() {
                claims.as_object_mut().expect("an object").remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        claims
    }

    fn judged(claims: &Value, shown_from: Option<i64>, domains: &[&str]) -> Result<Claims, Fault> {
        let domains = domains.iter().map(|one| (*one).to_owned()).collect();
        let expected = Expected {
            issuer: ISSUER,
            client: "tickmark",
            nonce: "n",
            now: NOW,
            shown_from,
            domains: &domains,
        };
        read(claims.to_string().as_bytes(), &expected)
    }

    #[test]
    fn what_was_asked_is_answered_or_refused_for_what_does_not_hold() {
        let claims = judged(&good(), None, &[]).expect("good");
        assert_eq!((claims.subject.as_str(), claims.email.as_str()), ("248289761001", "robin@example.com"));
        assert_eq!(claims.how, ["mfa", "phr", "pwd"].map(str::to_owned).into());
        for (changes, fault) in [
            (json!({"iss": "https://id.example.com/"}), Fault::Issuer),
            (json!({"iss": "https://evil.example"}), Fault::Issuer),
            (json!({"iss": null}), Fault::Issuer),
            (json!({"aud": "another"}), Fault::Audience),
            (json!({"aud": null}), Fault::Audience),
            (json!({"aud": []}), Fault::Audience),
            (json!({"aud": ["tickmark", "another"]}), Fault::Audience),
            (json!({"aud": ["tickmark", "another"], "azp": "another"}), Fault::Audience),
            (json!({"azp": "another"}), Fault::Audience),
            (json!({"aud": [1]}), Fault::Malformed),
            (json!({"exp": NOW - 61}), Fault::Time),
            (json!({"exp": null}), Fault::Time),
            (json!({"iat": NOW + 61}), Fault::Time),
            (json!({"iat": null}), Fault::Time),
            (json!({"nbf": NOW + 61}), Fault::Time),
            (json!({"exp": "tomorrow"}), Fault::Malformed),
            (json!({"session_expiry": NOW}), Fault::Time),
            (json!({"nonce": "other"}), Fault::Nonce),
            (json!({"nonce": null}), Fault::Nonce),
            (json!({"sub": ""}), Fault::Subject),
            (json!({"sub": null}), Fault::Subject),
            (json!({"sub": "a\nb"}), Fault::Subject),
            (json!({"sub": "x".repeat(256)}), Fault::Subject),
        ] {
            assert_eq!(judged(&with(changes.clone()), None, &[]), Err(fault), "{changes}");
        }
        for changes in [
            json!({"aud": ["tickmark"]}),
            json!({"aud": ["tickmark", "another"], "azp": "tickmark"}),
            json!({"exp": NOW - 59}),
            json!({"email": null, "name": null, "amr": null, "acr": null, "sid": null, "auth_time": null}),
        ] {
            assert!(judged(&with(changes.clone()), None, &[]).is_ok(), "{changes}");
        }
    }

    #[test]
    fn a_fresh_proof_is_one_and_an_address_is_of_a_domain_that_is_taken() {
        assert!(judged(&good(), Some(NOW - 60), &["example.com"]).is_ok());
        assert_eq!(judged(&good(), Some(NOW + 1), &[]), Err(Fault::Stale));
        let silent = with(json!({"auth_time": null}));
        assert_eq!(judged(&silent, Some(NOW - 60), &[]), Err(Fault::Stale), "what it does not say is none");
        let later = with(json!({"auth_time": NOW + 3_600}));
        assert_eq!(judged(&later, Some(NOW - 60), &[]), Err(Fault::Stale), "nor what is to come");
        assert_eq!(judged(&good(), None, &["example.org"]), Err(Fault::Domain));
        assert_eq!(judged(&with(json!({"email": null})), None, &["example.com"]), Err(Fault::Domain));
        let odd = with(json!({"email": "robin@evil.example@example.com.evil.example"}));
        assert_eq!(judged(&odd, None, &["example.com"]), Err(Fault::Domain));
    }

    #[test]
    fn of_entra_it_is_tenant_and_object() {
        let issuer = format!("https://login.microsoftonline.com/{TENANT}/v2.0");
        let domains = BTreeSet::new();
        let expected = Expected {
            issuer: &issuer,
            client: "tickmark",
            nonce: "n",
            now: NOW,
            shown_from: None,
            domains: &domains,
        };
        let claims = |tenant: &str| {
            with(json!({"iss": issuer, "tid": tenant, "oid": "object", "sub": "of this program only"}))
        };
        let read = |claims: Value| read(claims.to_string().as_bytes(), &expected);
        assert_eq!(read(claims(TENANT)).expect("good").subject, format!("{TENANT}/object"));
        let other = "00000000-0000-4000-8000-000000000000";
        assert_eq!(read(claims(other)), Err(Fault::Issuer));
        let mut without = claims(TENANT);
        without.as_object_mut().expect("an object").remove("oid");
        assert_eq!(read(without), Err(Fault::Subject));
    }

    #[test]
    fn an_issuer_is_one_and_not_everybody() {
        for issuer in
            ["https://id.example.com", "https://id.example.com:8443/realms/a", "http://127.0.0.1:9/x"]
        {
            assert_eq!(check_issuer(issuer), Ok(()), "{issuer}");
        }
        assert_eq!(check_issuer(&format!("https://login.microsoftonline.com/{TENANT}/v2.0")), Ok(()));
        for issuer in [
            "",
            "id.example.com",
            "http://id.example.com",
            "http://localhost.evil.example",
            "https://",
            "https://a@b.example",
            "https://a.example/?x=1",
            "https://a.example/#x",
            "https://a .example",
            "file:///etc/passwd",
        ] {
            assert_eq!(check_issuer(issuer), Err(NotAnIssuer::Form), "{issuer}");
        }
        for tenant in ["common", "organizations", "consumers", "{tenantid}"] {
            let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
            assert_eq!(check_issuer(&issuer), Err(NotAnIssuer::Shared), "{issuer}");
        }
    }

    #[test]
    fn what_was_shown_is_worth_what_was_agreed() {
        let set = |words: &[&str]| words.iter().map(|one| (*one).to_owned()).collect::<BTreeSet<_>>();
        let (second, strong) = (set(&["mfa", "otp"]), set(&["phr"]));
        for (how, worth) in [
            (set(&[]), Factor::Password),
            (set(&["pwd"]), Factor::Password),
            (set(&["MFA"]), Factor::Password),
            (set(&["pwd", "otp"]), Factor::Code),
            (set(&["phr"]), Factor::Passkey),
        ] {
            assert_eq!(factor(&how, &second, &strong), worth, "{how:?}");
        }
        assert_eq!(factor(&set(&["mfa"]), &BTreeSet::new(), &BTreeSet::new()), Factor::Password);
    }

    #[test]
    fn a_logout_is_one_or_nothing() {
        let good = json!({
            "iss": ISSUER, "aud": "tickmark", "iat": NOW, "exp": NOW + 120, "jti": "j", "sub": "248289761001",
            "events": {LOGOUT_EVENT: {}},
        });
        let judge = |changes: Value, kind: Option<&str>| {
            let mut claims = good.clone();
            for (name, value) in changes.as_object().expect("an object") {
                claims[name] = value.clone();
            }
            read_logout(claims.to_string().as_bytes(), kind, (ISSUER, "tickmark"), NOW)
        };
        let taken = judge(json!({}), Some("logout+jwt")).expect("good");
        assert_eq!(
            (taken.subject.as_str(), taken.sid.as_str(), taken.jti.as_str()),
            ("248289761001", "", "j")
        );
        assert!(judge(json!({"sid": "s1", "sub": null}), Some("Logout+JWT")).is_ok());
        for (changes, kind, fault) in [
            (json!({}), None, Fault::Malformed),
            (json!({}), Some("JWT"), Fault::Malformed),
            (json!({"nonce": "n"}), Some("logout+jwt"), Fault::Malformed),
            (json!({"events": {}}), Some("logout+jwt"), Fault::Malformed),
            (json!({"jti": null}), Some("logout+jwt"), Fault::Malformed),
            (json!({"aud": "another"}), Some("logout+jwt"), Fault::Audience),
            (json!({"iss": "https://evil.example"}), Some("logout+jwt"), Fault::Issuer),
            (json!({"iat": NOW - 121}), Some("logout+jwt"), Fault::Time),
            (json!({"exp": NOW - 61}), Some("logout+jwt"), Fault::Time),
            (json!({"sub": null}), Some("logout+jwt"), Fault::Subject),
        ] {
            assert_eq!(judge(changes.clone(), kind), Err(fault), "{changes} {kind:?}");
        }
    }
}
