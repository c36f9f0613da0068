//! The API: what people set for themselves, and whose passkeys an organization trusts.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tickmark_core::Digest;
use tickmark_core::identity::Role;
use uuid::Uuid;

use crate::authenticator::Vouching;
use crate::caller::{Caller, made, refused};
use crate::maker::{Maker, pem};
use crate::members::Server;

const REMINDERS: &str = "/reminders";
const TRUST: &str = "/settings/attestation";
const MODEL: u128 = 0xEE88;

#[tokio::test]
async fn people_set_their_own_time_zone_and_how_they_are_reminded() {
    let server = Server::start().await;
    let mut eve = Caller::person(&server, "Eve", Role::Employee).await;
    let mut other = Caller::person(&server, "Otto", Role::Employee).await;
    let seen = eve.get(REMINDERS).await;
    let usual = json!({"time_zone": null, "way": "daily", "is_mailed": false});
    assert_eq!(made(&seen, StatusCode::OK), usual);
    let set = json!({"time_zone": "Europe/Vienna", "way": "weekly"});
    refused(
        &eve.send(Method::PUT, REMINDERS, &[], &set.to_string()).await,
        StatusCode::PRECONDITION_REQUIRED,
        "If-Match",
    );
    for (body, part) in [
        (json!({"time_zone": "Middle/Earth", "way": "daily"}), "time_zone"),
        (json!({"time_zone": null, "way": "never"}), "#/way"),
        (json!({"time_zone": null}), "#/way"),
    ] {
        let wrong = eve.from(&seen, Method::PUT, REMINDERS, &body).await;
        refused(&wrong, StatusCode::UNPROCESSABLE_ENTITY, part);
    }
    let changed = eve.from(&seen, Method::PUT, REMINDERS, &set).await;
    let value = made(&changed, StatusCode::OK);
    assert_eq!((&value["time_zone"], &value["way"]), (&json!("Europe/Vienna"), &json!("weekly")));
    let page = eve.page("/account/reminders").await;
    assert!(page.text().contains("<option value=\"Europe/Vienna\" selected"), "{}", page.text());
    let stale = eve.from(&seen, Method::PUT, REMINDERS, &json!({"time_zone": null, "way": "each"})).await;
    let stale = refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    assert_eq!(stale["current"]["way"], "weekly");
    assert_eq!(made(&other.get(REMINDERS).await, StatusCode::OK), usual, "those of others stay");
    // What a token could silence, its maker would not be told of.
    let mut program = Caller::program(&server, "Pam", Role::ComplianceManager, None).await;
    refused(&program.get(REMINDERS).await, StatusCode::NOT_FOUND, "no such thing");
    let by_token = program.from(&seen, Method::PUT, REMINDERS, &set).await;
    refused(&by_token, StatusCode::NOT_FOUND, "no such thing");
}

#[tokio::test]
async fn owners_say_whose_passkeys_are_attested_from_what_they_looked_at() {
    let server = Server::start().await;
    let mut owner = Caller::person(&server, "Olga", Role::Owner).await;
    let mut manager = Caller::person(&server, "Mia", Role::ComplianceManager).await;
    let mut program = Caller::program(&server, "Pam", Role::ComplianceManager, None).await;
    let none = owner.get(TRUST).await;
    let nothing = json!({"certificates": [], "models": [], "takes_any": false});
    assert_eq!(made(&none, StatusCode::OK), nothing);
    assert_eq!(made(&program.get(TRUST).await, StatusCode::OK), nothing, "as it may read the settings");

    let maker = Maker::new(1, "Example Keys");
    let (certificates, models) = (format!("{TRUST}/certificates"), format!("{TRUST}/models"));
    let add = json!({"certificates": pem(&maker.certificate), "reason": "bought there"});
    for caller in [&mut manager, &mut program] {
        let theirs = caller.from(&none, Method::POST, &certificates, &add).await;
        refused(&theirs, StatusCode::NOT_FOUND, "no such thing");
    }
    refused(&owner.post(&certificates, &add).await, StatusCode::PRECONDITION_REQUIRED, "If-Match");
    let Vouching::Maker { chain, .. } = maker.device(MODEL) else { panic!("a device") };
    for (certificate, reason, part) in [
        ("a key".to_owned(), "bought", "no certificate in it"),
        (pem(&chain[0]), "bought", "not the certificate of an authority"),
        (pem(&maker.certificate), " ", "needs a reason"),
    ] {
        let wrong = json!({"certificates": certificate, "reason": reason});
        let wrong = owner.from(&none, Method::POST, &certificates, &wrong).await;
        refused(&wrong, StatusCode::UNPROCESSABLE_ENTITY, part);
    }
    let added = owner.from(&none, Method::POST, &certificates, &add).await;
    let value = made(&added, StatusCode::CREATED);
    let digest = Digest::of(&maker.certificate).hex();
    assert_eq!((&value["certificates"][0]["digest"], &value["takes_any"]), (&json!(digest), &json!(false)));
    let stale = owner.from(&none, Method::POST, &certificates, &add).await;
    refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    let twice = owner.from(&added, Method::POST, &certificates, &add).await;
    refused(&twice, StatusCode::CONFLICT, "here already");

    let aaguid = Uuid::from_u128(MODEL).to_string();
    let model = |name: &str| json!({"models": [{"aaguid": aaguid, "name": name}], "reason": "bought"});
    let lines = owner.from(&added, Method::POST, &models, &model("One\nTwo")).await;
    refused(&lines, StatusCode::UNPROCESSABLE_ENTITY, "one line");
    let zeros = json!({"models": [{"aaguid": Uuid::nil(), "name": "x"}], "reason": "x"});
    let zeros = owner.from(&added, Method::POST, &models, &zeros).await;
    refused(&zeros, StatusCode::UNPROCESSABLE_ENTITY, "zeros");
    let listed = owner.from(&added, Method::POST, &models, &model("Example key")).await;
    let value = made(&listed, StatusCode::CREATED);
    assert_eq!((&value["models"][0]["aaguid"], &value["takes_any"]), (&json!(aaguid), &json!(true)));
    let renamed = owner.from(&listed, Method::POST, &models, &model("Key")).await;
    assert_eq!(made(&renamed, StatusCode::CREATED)["models"], json!([{"aaguid": aaguid, "name": "Key"}]));

    // What is not there is not removed; nothing is without a fresh proof; then it goes.
    let why = json!({"reason": "recalled"});
    let removal = |what: &str, id: &str| format!("{TRUST}/{what}/{id}/removal");
    for path in [removal("models", &Uuid::from_u128(7).to_string()), removal("certificates", "ab")] {
        let unknown = owner.from(&renamed, Method::POST, &path, &why).await;
        refused(&unknown, StatusCode::NOT_FOUND, "no such thing");
    }
    let gone = owner.from(&renamed, Method::POST, &removal("models", &aaguid), &why).await;
    assert_eq!(made(&gone, StatusCode::OK)["models"], json!([]));
    server.world.wait(601);
    let path = removal("certificates", &digest);
    let late = owner.from(&gone, Method::POST, &path, &why).await;
    refused(&late, StatusCode::UNAUTHORIZED, "fresh proof");
    let mut again = Caller::person(&server, "Oda", Role::Owner).await;
    let gone = again.from(&gone, Method::POST, &path, &why).await;
    assert_eq!(made(&gone, StatusCode::OK), nothing);
    assert_eq!(server.trail("config.changed").await.len(), 5);
    assert_eq!(made(&manager.get(TRUST).await, StatusCode::OK)["certificates"], Value::Array(Vec::new()));
}
