//! Getting in: invitation, passkeys, showing again who one is.

use crate::driver::ENTER;
use crate::served::Served;

const PASSWORD: &str = "correct horse and staple";

#[test]
fn one_is_invited_and_joins_with_a_passkey_by_keyboard_alone() {
    let served = Served::start();
    let owner = served.run(async {
        let account = served.server.world.owner(&served.server.app, &served.server.program).await;
        served.server.signed_in(&account).await
    });
    let window = served.window();
    window.seat(&owner);
    window.go("/people");
    window.tab_to("Skip to the content");
    window.keys(ENTER);
    window.tab_to("Invite somebody");
    window.keys(ENTER);
    window.tab_to("E-mail address");
    window.keys("nia@example.com");
    window.tab_to("Control owner");
    window.keys(" ");
    window.tab_to("Make a link");
    window.keys(ENTER);
    window.see("Send this link to nia@example.com");
    let text = window.text();
    let link = text.split_whitespace().find(|word| word.contains("/join/")).expect("a link").to_owned();

    window.hand_over(&[]);
    window.go(link.find("/join/").map(|at| &link[at..]).expect("a path"));
    window.see("as control owner");
    window.tab_to("Your name");
    window.keys("Nia New");
    window.tab_to("New password");
    window.keys(PASSWORD);
    window.tab_to("The same once more");
    window.keys(PASSWORD);
    window.tab_to("Join with a passkey");
    window.keys(ENTER);
    window.see("These are your recovery codes");
    window.tab_to("I have kept them");
    window.keys(ENTER);
    window.see("Nia New");

    window.go("/account/passkeys");
    window.see("First passkey");
    window.tab_to("New name of First passkey");
    window.type_over("Laptop");
    window.tab_to("Rename First passkey");
    window.keys(ENTER);
    window.see_page("Your passkeys");
    window.tab_to("New name of Laptop");
    window.go("/account");
    window.tab_to("Sign out");
    window.keys(ENTER);
    window.see_page("Sign in");
    window.tab_to("Sign in with a passkey");
    window.keys(ENTER);
    window.see("Nia New");
    window.assert_quiet();
}

#[test]
fn a_passkey_is_added_and_shows_again_who_is_there() {
    let served = Served::start();
    let owner = served.run(async {
        let account = served.server.world.owner(&served.server.app, &served.server.program).await;
        served.server.signed_in(&account).await
    });
    let window = served.window();
    window.seat(&owner);
    window.go("/account");
    window.press("Add a passkey");
    window.see("You have none");
    window.fill("Name", "Laptop");
    window.press("Add a passkey");
    window.see("The passkey is added");
    window.assert_quiet();

    // Ten minutes later more is needed, and what was typed goes on from there.
    served.server.world.wait(601);
    window.go("/people");
    window.fill("E-mail address", "nia@example.com");
    window.tick("Control owner");
    window.press("Make a link");
    window.see_page("Show that it is you");
    window.see("What you typed is kept meanwhile");
    window.press("Show a passkey");
    window.see_page("Go on?");
    window.see("nia@example.com");
    window.press("Do it");
    window.see("Send this link to nia@example.com");

    // What was begun with a passkey is not gone on with by less.
    served.server.world.wait(601);
    window.go("/step-up?back=/people");
    window.see("Show a passkey");
    assert!(!window.says("Password"), "{}", window.text());
    window.press("Show a passkey");
    window.see_page("People");
    // The refusal that asked for more is the only thing that the browser remarks on.
    let noise = window.noise();
    assert!(noise.iter().all(|one| one.contains("403 (Forbidden)")), "{noise:#?}");
}
