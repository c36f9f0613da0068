//! Attested passkeys through HTTP: whose are accepted, asked for, added, and what somebody is told who has none.

use axum::http::StatusCode;
use axum::http::header::LOCATION;
use tickmark_core::Digest;
use tickmark_core::identity::Role;
use uuid::Uuid;

use crate::authenticator::{SoftKey, Vouching};
use crate::maker::{Maker, pem};
use crate::members::Browser;
use crate::passkeys::{ORIGIN, is_in};

const PAGE: &str = "/people/sign-in/attestation";
const MODEL: u128 = 0xEE88;

fn device(number: u8, maker: &Maker, model: u128) -> SoftKey {
    SoftKey { vouching: maker.device(model), ..SoftKey::new(number, ORIGIN) }
}

async fn change(browser: &mut Browser, act: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
    let answer = browser.send(PAGE, &format!("{PAGE}/{act}"), fields).await;
    (answer.status, answer.text().to_owned())
}

#[tokio::test]
async fn makers_and_models_are_listed_by_owners_with_a_fresh_proof_and_a_reason() {
    let server = crate::members::Server::start().await;
    let owner = server.world.owner(&server.app, &server.program).await;
    let mut browser = server.at_localhost();
    server.sign_in_again(&mut browser, &owner).await;
    let (mut robin, _) = server.person("Robin", &[Role::ComplianceManager]).await;
    assert_eq!(robin.get(PAGE).await.status, StatusCode::NOT_FOUND, "not theirs to set");

    let asked = browser.get("/people/sign-in").await;
    assert!(asked.text().contains(PAGE) && asked.text().contains("nobody could sign in by one"));
    let page = browser.get(PAGE).await;
    assert_eq!(page.text().matches("None. ").count(), 2, "{}", page.text());
    let (maker, model) = (Maker::new(1, "Example Keys"), Uuid::from_u128(MODEL).to_string());
    let text = pem(&maker.certificate);
    let line = format!("{model} Example <key>");
    let Vouching::Maker { chain, .. } = maker.device(MODEL) else { panic!("a device") };
    let leaf = pem(&chain[0]);
    for (act, field, value, reason, says) in [
        ("add-certificates", "certificates", "a key", "bought", "There is no certificate in it"),
        ("add-certificates", "certificates", leaf.as_str(), "bought", "not the certificate of an authority"),
        ("add-certificates", "certificates", text.as_str(), " ", "This needs a reason"),
        ("add-models", "models", "Example key", "bought", "Line 1 does not begin with an AAGUID"),
    ] {
        let (status, answer) = change(&mut browser, act, &[(field, value), ("reason", reason)]).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{says}");
        assert!(answer.contains(says), "{answer}");
        assert!(answer.contains("One field needs another answer"), "{answer}");
    }
    let certificate = [("certificates", text.as_str()), ("reason", "bought there")];
    assert_eq!(change(&mut browser, "add-certificates", &certificate).await.0, StatusCode::SEE_OTHER);
    assert_eq!(change(&mut browser, "add-certificates", &certificate).await.0, StatusCode::CONFLICT);
    let models = [("models", line.as_str()), ("reason", "bought")];
    assert_eq!(change(&mut browser, "add-models", &models).await.0, StatusCode::SEE_OTHER);
    let page = browser.get(PAGE).await;
    let shows = |words: &str| assert!(page.text().contains(words), "{words}: {}", page.text());
    shows("CN=Example Keys Attestation Root");
    shows("Example &lt;key&gt;");
    shows(&model);
    assert!(browser.get("/people/sign-in").await.text().contains("1 model of 1 certificate of makers."));
    assert_eq!(server.trail("config.changed").await.len(), 2);
    assert_eq!(server.trail("config.changed").await[0].why.as_deref(), Some("bought"));

    // What is not there is not removed; nothing is without a fresh proof; then it goes.
    let other = Uuid::from_u128(7).to_string();
    let gone = [("model", other.as_str()), ("reason", "recalled")];
    assert_eq!(change(&mut browser, "remove-model", &gone).await.0, StatusCode::NOT_FOUND);
    let odd = [("certificate", "ab"), ("reason", "recalled")];
    assert_eq!(change(&mut browser, "remove-certificate", &odd).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(change(&mut browser, "nothing", &[]).await.0, StatusCode::NOT_FOUND);
    server.world.wait(601);
    let digest = Digest::of(&maker.certificate).hex();
    let root = [("certificate", digest.as_str()), ("reason", "broken into")];
    let (status, answer) = change(&mut browser, "remove-certificate", &root).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(answer.contains("name=\"password\""), "{answer}");
    server.sign_in_again(&mut browser, &owner).await;
    assert_eq!(change(&mut browser, "remove-certificate", &root).await.0, StatusCode::SEE_OTHER);
    let model = [("model", model.as_str()), ("reason", "recalled")];
    assert_eq!(change(&mut browser, "remove-model", &model).await.0, StatusCode::SEE_OTHER);
    assert_eq!(browser.get(PAGE).await.text().matches("None. ").count(), 2);
}

#[tokio::test]
async fn who_signed_in_by_another_passkey_is_told_and_led_to_add_one() {
    let server = crate::members::Server::start().await;
    let owner = server.world.owner(&server.app, &server.program).await;
    let mut browser = server.at_localhost();
    server.sign_in_again(&mut browser, &owner).await;
    let maker = Maker::new(1, "Example Keys");
    let (mut robin, _) = server.person("Robin", &[Role::ComplianceManager]).await;
    let mut plain = SoftKey::new(20, ORIGIN);
    assert_eq!(robin.add_with(&mut plain, &[("name", "Phone")]).await.status, StatusCode::OK);
    assert!(is_in(&robin.show("/step-up", &mut plain, &[]).await));
    assert!(!robin.get("/account/passkeys").await.text().contains("name=\"attested\""), "there is no choice");

    let text = pem(&maker.certificate);
    let line = format!("{} Example key", Uuid::from_u128(MODEL));
    let rule = [("rule", "attested"), ("reason", "phishing")];
    change(&mut browser, "add-certificates", &[("certificates", &text), ("reason", "bought")]).await;
    change(&mut browser, "add-models", &[("models", &line), ("reason", "bought")]).await;
    assert!(browser.get("/account/passkeys").await.text().contains("name=\"attested\""));
    let (mut first, mut second) = (device(1, &maker, MODEL), device(2, &maker, MODEL));
    for (key, name) in [(&mut first, "One"), (&mut second, "Two")] {
        let added = browser.add_with(key, &[("name", name), ("attested", "yes")]).await;
        assert_eq!(added.status, StatusCode::OK, "{}", added.text());
        assert!(added.text().contains("Attested: Example key."), "{}", added.text());
    }
    let refused = browser.add_with(&mut SoftKey::new(9, ORIGIN), &[("name", "x"), ("attested", "yes")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("no maker vouches for this one"), "{}", refused.text());
    let itself = SoftKey { vouching: Vouching::Itself, ..SoftKey::new(8, ORIGIN) };
    let ordinary = browser.add_with(&mut itself.clone(), &[("name", "Ordinary")]).await;
    assert!(ordinary.text().contains("Not attested: no maker vouches for it."), "{}", ordinary.text());
    assert!(is_in(&browser.show("/step-up", &mut first, &[]).await));
    assert!(is_in(&browser.send("/people/sign-in", "/people/sign-in", &rule).await));
    assert_eq!(browser.get("/people").await.status, StatusCode::OK, "the owner is in by one");

    // Robin is led to the page that says what to do, adds one, shows it, and is in.
    let led = robin.get("/controls").await;
    assert_eq!((led.status, led.header(LOCATION.as_str())), (StatusCode::SEE_OTHER, "/account/passkeys"));
    let page = robin.get("/account/passkeys").await;
    assert!(page.text().contains("the one that you signed in with is not one that it accepts"));
    assert!(page.text().contains("Your organization accepts: Example key"), "{}", page.text());
    let refused = robin.add_with(&mut SoftKey::new(21, ORIGIN), &[("name", "x")]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "asked for it or not");
    let mut good = device(22, &maker, MODEL);
    assert_eq!(robin.add_with(&mut good, &[("name", "Key")]).await.status, StatusCode::OK);
    assert_eq!(robin.get("/controls").await.status, StatusCode::SEE_OTHER, "it is not shown yet");
    assert!(is_in(&robin.show("/step-up", &mut good, &[]).await));
    assert_eq!(robin.get("/controls").await.status, StatusCode::OK);
    let mut by_plain = server.at_localhost();
    assert!(is_in(&by_plain.show("/sign-in", &mut plain, &[]).await), "it is them");
    assert_eq!(by_plain.get("/controls").await.status, StatusCode::SEE_OTHER, "but not enough");
    assert!(by_plain.get("/account/passkeys").await.text().contains("Show it, and the rest"));
    assert!(is_in(&server.at_localhost().show("/sign-in", &mut good, &[]).await));
}
