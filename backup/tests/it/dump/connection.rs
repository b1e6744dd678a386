//! Any address is understood, and no error shows its password.

use atlas_backup::Kind;
use atlas_backup::mongo::{Connection, Topology};
use mongodb::bson::doc;

use crate::source::Source;

async fn refused(uri: &str) -> (Kind, String) {
    let error = Connection::open(uri).await.unwrap_err();
    let all = format!("{error} {error:?}");
    assert!(!all.contains("s3cret"), "{all}");
    (error.kind, error.to_string())
}

#[tokio::test]
async fn a_server_says_what_it_is() {
    let Some(alone) = Source::standalone(&[]).await else {
        return;
    };
    let Some(member) = Source::replica_set(&[]).await else {
        return;
    };
    let server = &alone.connection.server;
    assert_eq!(server.topology, Topology::Standalone);
    assert_eq!(server.version.split('.').count(), 3);
    assert!(
        server
            .version
            .starts_with(server.feature_version.as_deref().unwrap())
    );
    assert_eq!(member.connection.server.topology, Topology::ReplicaSet);
    assert_eq!(
        alone.connection.address(),
        format!("127.0.0.1:{}", alone.server.port())
    );
}

#[tokio::test]
async fn nobody_answers() {
    let (kind, text) =
        refused("mongodb://u:s3cret@127.0.0.1:1/?serverSelectionTimeoutMS=300").await;
    assert_eq!(kind, Kind::Unreachable);
    assert_eq!(
        text,
        "failed to connect to `127.0.0.1:1`: connection refused"
    );
}

#[tokio::test]
async fn an_address_that_is_none() {
    for uri in [
        "mongodb://u:s3cret/@h/",
        "postgres://u:s3cret@h/",
        "mongodb://u:s3cret@h:port/",
    ] {
        let (kind, text) = refused(uri).await;
        assert_eq!(kind, Kind::Usage);
        assert_eq!(
            text,
            "failed to read `the given address`: it is not a valid MongoDB address"
        );
    }
}

#[tokio::test]
async fn a_wrong_password_and_a_user_who_may_not() {
    let Some(source) = Source::standalone(&["--auth"]).await else {
        return;
    };
    let admin = source.db("admin");
    let users = doc! { "createUser": "root", "pwd": "s3cret", "roles": ["root"] };
    admin.run_command(users).await.unwrap();
    let at = format!("127.0.0.1:{}", source.server.port());
    let (kind, text) = refused(&format!("mongodb://root:s3cret2@{at}/")).await;
    assert_eq!(kind, Kind::Failed);
    assert_eq!(
        text,
        format!("failed to connect to `{at}`: the user name or password is wrong")
    );

    let anonymous = source
        .dump_with(&crate::source::options())
        .await
        .err()
        .unwrap();
    assert_eq!(
        anonymous.to_string(),
        format!("failed to list the databases of `{at}`: the user is not allowed to")
    );
}
