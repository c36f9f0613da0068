//! What changed of the controls in scope between what management signed and the issue, on both databases.

use tickmark_app::testing::World;
use tickmark_app::{Actor, engagement};
use tickmark_core::engagement::fieldwork::Party;

use crate::fieldwork::{KEY, auditor, scene};
use crate::issue::reword;
use crate::reported::{documents, signers};

#[tokio::test]
async fn what_changed_of_controls_since_management_signed_is_told_to_both_parties() {
    for world in World::both().await {
        let scene = scene(&world).await;
        let since = async |who: &Actor| {
            let found = scene.app.read(who, async |view| {
                let party = engagement::fieldwork::party(view, KEY);
                Ok((party, engagement::since_signed(view, KEY, &scene.catalog).await?))
            });
            found.await.expect("known")
        };
        assert_eq!(since(&scene.cam).await, (Some(Party::Management), None), "nothing is signed");
        let by = signers(&world, &scene, "").await;
        documents(&scene, &by).await;
        world.wait(60);
        let signed = since(&scene.cam).await.1.expect("signed");
        assert_eq!(signed.changes, []);

        reword(&scene, "Another developer approves each change in the repository.").await;
        let told = since(&scene.cam).await.1.expect("signed");
        assert_eq!(told.at, signed.at, "what changes a control makes no signature void");
        let [change] = told.changes.as_slice() else { panic!("{told:?}") };
        assert_eq!((change.control.as_str(), change.says.as_str()), ("CHG-02", "its text is another one"));
        let audrey = auditor(&world, &scene, "Audrey").await;
        assert_eq!(since(&audrey).await, (Some(Party::Auditor), Some(told)));
    }
}
