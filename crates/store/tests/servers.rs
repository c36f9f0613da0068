//! A PostgreSQL server is asked how it keeps what it acknowledged before anything is entrusted to it.

use tickmark_store::testing::TestDatabase;
use tickmark_store::{Access, Database, StoreError};

/// Opens with another setting for each session.
async fn with(test: &TestDatabase, setting: &str, access: Access) -> Result<Database, StoreError> {
    let url = test.url().expect("a server");
    Database::open_postgres(&format!("{url}%20-c%20{}", setting.replace('=', "%3D")), access).await
}

#[tokio::test]
async fn a_server_that_could_lose_what_it_acknowledged_is_refused_for_writing() {
    for test in TestDatabase::both().await {
        let database = test.open(Access::Write).await.expect("opening");
        let Some(server) = database.server().await.expect("an answer") else {
            assert!(test.url().is_none(), "only a file has no server");
            continue;
        };
        assert!(server.version.starts_with("PostgreSQL ") && !server.is_standby, "{server:?}");
        assert_eq!((server.multi_master.as_str(), server.subscribed_tables), ("", 0));

        let read_only = "default_transaction_read_only=on";
        let refused = with(&test, read_only, Access::Write).await.expect_err("nothing could be written");
        assert!(
            matches!(&refused, StoreError::Unsuitable(why) if why.contains("without the right to write")),
            "{refused:?}"
        );
        with(&test, read_only, Access::Inspect).await.expect("whoever only looks needs no such right");

        // The server of the tests does not wait for its disk, and says that nothing on it is to be kept.
        if !server.waits_for_disk {
            let refused = with(&test, "tickmark.throwaway=off", Access::Write).await.expect_err("no fsync");
            assert!(
                matches!(&refused, StoreError::Unsuitable(why) if why.contains("fsync switched off")),
                "{refused:?}"
            );
        }
    }
}
