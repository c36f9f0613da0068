//! Mail to people, on both databases, to a mail server that is made up. The real one is in the tests of the binary.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use tickmark_app::identity::people::{self, Lost};
use tickmark_app::ledger::{LedgerSettings, MailSecurity, MailTarget, Outside, Secret};
use tickmark_app::mail::{self, MailSettings, Passed};
use tickmark_app::port::{Answer, Letter, NotSent, Outbound, Post};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error};
use tickmark_core::identity::Role;
use tickmark_core::mail::{MailKind, MailState};

use crate::damage::tamper;

/// A mail server that keeps what it takes, while it is there.
#[derive(Debug, Default)]
struct Postbox {
    is_down: Mutex<bool>,
    letters: Mutex<Vec<(String, Letter)>>,
}

impl Postbox {
    fn set_down(&self, is_down: bool) {
        *self.is_down.lock().expect("lock") = is_down;
    }

    fn take(&self) -> Vec<(String, Letter)> {
        std::mem::take(&mut *self.letters.lock().expect("lock"))
    }
}

impl Outbound for Postbox {
    fn post(&self, _: &Post) -> Result<Answer, NotSent> {
        Err(NotSent("only mail".into()))
    }

    fn mail(&self, target: &MailTarget, _: Option<&Secret>, letter: &Letter) -> Result<(), NotSent> {
        if *self.is_down.lock().expect("lock") {
            return Err(NotSent("connection refused".into()));
        }
        self.letters.lock().expect("lock").push((target.to.clone(), letter.clone()));
        Ok(())
    }
}

fn settings() -> MailSettings {
    MailSettings {
        server: "localhost:25".into(),
        security: MailSecurity::None,
        roots_file: None,
        user: None,
        password_file: None,
        from: "Tickmark <tickmark@example.com>".into(),
        address: Some("https://tickmark.example.com".into()),
    }
}

async fn start(world: &World) -> (App, Actor, Arc<Postbox>) {
    let postbox = Arc::new(Postbox::default());
    let outbound: Arc<dyn Outbound> = postbox.clone();
    let outside = Outside { settings: LedgerSettings::default(), outbound };
    let mut app = world.try_start_with(outside).await.expect("starting");
    app.send_mail_by(settings());
    let program = app.ensure_organization("Example Ltd", "Example system").await.expect("an organization");
    (app, program, postbox)
}

async fn invite(app: &App, actor: &Actor, email: &str) -> people::Link {
    let roles = BTreeSet::from([Role::Employee]);
    app.transact(actor, async |cx| people::invite(cx, email, &roles).await).await.expect("invited")
}

async fn pass(app: &App, program: &Actor) -> (usize, usize) {
    let Passed { sent, failed } = app.send_mail(program).await.expect("a pass");
    (sent, failed)
}

async fn newest(app: &App, program: &Actor) -> mail::Sending {
    app.read(program, async |view| mail::list(view).await).await.expect("listed").remove(0)
}

#[tokio::test]
async fn an_invitation_goes_out_by_mail_and_its_link_works() {
    for world in World::both().await {
        let (app, program, postbox) = start(&world).await;
        assert!(!app.has_mail(&program).await.expect("asked"));
        let link = invite(&app, &program, "robin@example.com").await;
        assert!(link.is_mailed && app.has_mail(&program).await.expect("asked"));
        assert_eq!(postbox.take(), [], "whoever invites does not wait for the mail server");
        assert_eq!(pass(&app, &program).await, (1, 0));
        let [(to, letter)] = postbox.take().try_into().expect("one letter");
        let address = format!("https://tickmark.example.com/join/{}", link.text());
        let html = letter.html.expect("both forms");
        assert!(
            letter.text.contains(&format!("\n{address}\n")) && html.contains(&format!("href=\"{address}\""))
        );
        assert_eq!(
            (to.as_str(), letter.subject.as_str()),
            ("robin@example.com", "Your invitation to Example Ltd")
        );
        assert!(letter.id.expect("an id").ends_with("@example.com>"));
        let sent = newest(&app, &program).await;
        assert_eq!((sent.kind, sent.state, sent.attempts), (MailKind::Invitation, MailState::Sent, 1));
        assert!(!sent.has_content, "the link is not kept when it was sent");
        assert_eq!(pass(&app, &program).await, (0, 0), "and only once");
        world.join(&app, &link, "robin@example.com", "Robin").await;
        app.close().await;
    }
}

#[tokio::test]
async fn while_the_mail_server_is_down_nothing_is_lost_and_nobody_waits() {
    for world in World::both().await {
        let (app, program, postbox) = start(&world).await;
        postbox.set_down(true);
        let link = invite(&app, &program, "robin@example.com").await;
        for (minutes, expected) in [(0, (0, 1)), (0, (0, 0)), (1, (0, 1)), (5, (0, 1))] {
            world.wait(60 * minutes);
            assert_eq!(pass(&app, &program).await, expected, "after {minutes} minutes");
        }
        let waits = newest(&app, &program).await;
        assert_eq!((waits.state, waits.problem.as_str()), (MailState::Waiting, "connection refused"));
        world.wait(25 * 60);
        assert_eq!(pass(&app, &program).await, (0, 1));
        let failed = newest(&app, &program).await;
        assert_eq!((failed.state, failed.attempts, failed.ended_at), (MailState::Failed, 4, Some(app.now())));
        world.wait(3_600);
        assert_eq!(pass(&app, &program).await, (0, 0), "not for ever");

        // Whoever looks after it sends it again when the server is back.
        postbox.set_down(false);
        let manager = world.member(&app, &program, "Cam", &[Role::ComplianceManager]).await;
        pass(&app, &program).await;
        postbox.take();
        let manager = manager.actor(&world, &app).await;
        let employee = world.member(&app, &program, "Emy", &[Role::Employee]).await;
        let employee = employee.actor(&world, &app).await;
        let again =
            async |who: &Actor, key| app.transact(who, async |cx| mail::send_again(cx, key).await).await;
        assert!(matches!(again(&employee, failed.key).await, Err(Error::Forbidden(_))));
        let looks = app.read(&employee, async |view| mail::list(view).await).await;
        assert!(matches!(looks, Err(Error::Forbidden(_))));
        let find = async |who: &Actor, key| app.read(who, async |view| mail::find(view, key).await).await;
        assert_eq!(find(&manager, failed.key).await.expect("found"), failed);
        assert!(matches!(find(&employee, failed.key).await, Err(Error::Forbidden(_))));
        assert!(matches!(find(&manager, 99).await, Err(Error::NotFound { .. })));
        assert!(matches!(again(&manager, 99).await, Err(Error::NotFound { .. })));
        again(&manager, failed.key).await.expect("sent again");
        assert!(matches!(again(&manager, failed.key).await, Err(Error::Conflict(_))), "it waits already");
        pass(&app, &program).await;
        let letters = postbox.take();
        assert!(letters.iter().any(|(_, letter)| letter.text.contains(&link.text())));
        app.close().await;
    }
}

#[tokio::test]
async fn a_letter_whose_link_is_over_is_not_sent_and_what_is_taken_back_is_not_either() {
    for world in World::both().await {
        let (app, program, postbox) = start(&world).await;
        let first = invite(&app, &program, "robin@example.com").await;
        let second = invite(&app, &program, "robin@example.com").await;
        assert_eq!(pass(&app, &program).await, (1, 0), "only the one that works");
        assert!(postbox.take()[0].1.text.contains(&second.text()));
        assert!(app.invited(&first.secret).await.is_err());
        let third = invite(&app, &program, "robin@example.com").await;
        let revoke =
            async |cx: &mut tickmark_app::Cx<'_>| people::revoke_invitation(cx, third.invitation).await;
        app.transact(&program, revoke).await.expect("taken back");
        assert_eq!(
            (pass(&app, &program).await, newest(&app, &program).await.state),
            ((0, 0), MailState::CalledOff)
        );

        invite(&app, &program, "late@example.com").await;
        world.wait(25 * 3_600);
        assert_eq!(pass(&app, &program).await, (0, 1));
        let over = newest(&app, &program).await;
        assert_eq!((over.state, over.has_content), (MailState::Failed, false));
        assert!(over.problem.contains("link was over"), "{}", over.problem);
        assert_eq!(postbox.take(), []);
        let again = app.transact(&program, async |cx| mail::send_again(cx, over.key).await).await;
        assert!(matches!(again, Err(Error::Conflict(_))));

        // To whom something went is forgotten after a month; numbers are not used again.
        world.wait(31 * 86_400);
        invite(&app, &program, "next@example.com").await;
        pass(&app, &program).await;
        let all = app.read(&program, async |view| mail::list(view).await).await.expect("listed");
        let keys: Vec<i64> = all.iter().map(|one| one.key).collect();
        assert_eq!(keys, [over.key + 1]);
        app.close().await;
    }
}

#[tokio::test]
async fn what_died_with_its_sender_is_sent_by_another_as_the_same_letter() {
    for world in World::both().await {
        let (app, program, postbox) = start(&world).await;
        let member = world.member(&app, &program, "Robin", &[Role::Employee]).await;
        pass(&app, &program).await;
        postbox.take();
        let owner = world.owner(&app, &program).await.actor(&world, &app).await;
        let robin = world.find_member(&app, &program, &member.email).await.id;
        let offered = app
            .transact(&owner, async |cx| people::offer_reset(cx, robin, Lost::Password, "lost").await)
            .await
            .expect("offered");
        assert!(offered.is_mailed);
        // The sender dies with the letter in hand: the same as a pass whose end was never written.
        let taken = "UPDATE outbox SET state = 'sending', attempts = 1, lease_until = due_at + 300000000 \
                     WHERE state = 'waiting'";
        tamper(&world, &[taken]).await;
        assert_eq!(pass(&app, &program).await, (0, 0), "it may still be sending");
        world.wait(301);
        assert_eq!(pass(&app, &program).await, (1, 0));
        let [(to, letter)] = postbox.take().try_into().expect("one letter");
        assert_eq!(to, "robin@example.com");
        assert!(letter.text.contains(&format!("/reset/{}", offered.text())));
        assert!(letter.text.contains("you show a code of your authenticator"), "{}", letter.text);
        app.close().await;
    }
}

#[tokio::test]
async fn without_a_mail_server_links_are_handed_over() {
    let world = World::sqlite();
    let (app, program) = world.start().await;
    let link = invite(&app, &program, "robin@example.com").await;
    assert!(!link.is_mailed && !app.has_mail(&program).await.expect("asked"));
    assert_eq!(app.read(&program, async |view| mail::list(view).await).await.expect("listed"), []);
    let test = app.test_mail("robin@example.com").await;
    assert!(matches!(test, Err(Error::Invalid(says)) if says.contains("[mail]")));
    app.close().await;
}
