//! MongoDB in its container: the way there from this machine, the tool inside it, a server for a drill.

use atlas::backup::source::{self, Mongo};
use atlas::backup::{drill, mongodump, reach};
use atlas::model::Secret;
use atlas::plan::Observed;
use atlas_backup::archive::{Header, Metadata, Writer};
use atlas_backup::{Error, Kind};

use super::super::{Stack, docker, is_there};
use super::{block_on, deployment, engine, held, input_of, never, output, silent, sources};

/// Stands for the real tool, which is in no package: it insists on how it is called, and prints an archive that was made before.
const TOOL: &str = r#"#!/bin/sh
config=$(cat /dev/stdin)
[ "$config" = 'password: "p\"w"' ] || { echo "bad configuration" >&2; exit 1; }
case "$*" in *p\"w*) echo "the password is an argument" >&2; exit 1;; esac
[ "$*" = "--archive --config=/dev/stdin --host=127.0.0.1 --username=atlas --authenticationDatabase=admin" ] || { echo "called with $*" >&2; exit 1; }
echo "writing shop.orders" >&2
cat /archive
exit $(cat /code)
"#;

/// An archive with one document.
fn archive() -> Vec<u8> {
    let header = Header {
        concurrent_collections: 1,
        version: "0.1".into(),
        server_version: "7.0.14".into(),
        tool_version: "100.9.4".into(),
    };
    let orders = Metadata {
        db: "shop".into(),
        collection: "orders".into(),
        metadata: "{\"indexes\":[],\"collectionName\":\"orders\",\"type\":\"collection\"}".into(),
        size: 0,
        kind: "collection".into(),
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("archive");
    let plain = atlas_backup::codec::Output::new(
        Box::new(std::fs::File::create(&file).unwrap()),
        atlas_backup::codec::Compression::None,
        &atlas_backup::codec::Encryption::None,
        1,
    );
    let mut writer = Writer::new(plain.unwrap(), &header, &[orders]).unwrap();
    writer
        .documents(0, None, b"\x0c\0\0\0\x10n\0\x07\0\0\0\0", 1)
        .unwrap();
    writer.end(0).unwrap();
    writer.finish().unwrap().1.finish().unwrap();
    std::fs::read(file).unwrap()
}

/// A container in which `mongodump` is what the test says, with this exit code.
fn with_tool(archive: &[u8], code: &str) -> String {
    let id = docker(&[
        "run",
        "-d",
        "--entrypoint",
        "sh",
        "redis:7-alpine",
        "-c",
        "exec sleep 3600",
    ]);
    let folder = tempfile::tempdir().unwrap();
    for (name, to, content) in [
        ("mongodump", "/bin/mongodump", TOOL.as_bytes()),
        ("archive", "/archive", archive),
        ("code", "/code", code.as_bytes()),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&file, mode).unwrap();
        docker(&["cp", file.to_str().unwrap(), &format!("{id}:{to}")]);
    }
    id
}

fn dump(id: &str, file: &std::path::Path) -> Result<mongodump::Dumped, Error> {
    block_on(async {
        let engine = engine(file.parent().unwrap()).await;
        let source = Mongo::Container {
            held: held(id, true),
            user: "atlas".into(),
            password: Secret::new("p\"w"),
        };
        mongodump::dump(&engine, &source, &[], output(file), silent(), never()).await
    })
}

#[test]
fn the_tool_is_called_without_secrets_and_its_archive_is_checked() {
    if !is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mongodb.archive.gz");
    let good = archive();
    let id = with_tool(&good, "0");
    let dumped = dump(&id, &file);
    docker(&["rm", "-f", &id]);
    let dumped = dumped.unwrap();
    let [(metadata, closed)] = dumped.checked.namespaces.as_slice() else {
        panic!("not one namespace");
    };
    assert_eq!(
        (metadata.namespace().as_str(), closed.documents),
        ("shop.orders", 1)
    );
    let mut kept = Vec::new();
    std::io::Read::read_to_end(&mut input_of(&file).unwrap(), &mut kept).unwrap();
    assert_eq!(kept, good);

    // It fails after a complete archive.
    let id = with_tool(&good, "2");
    let failed = dump(&id, &file).map(|_| ()).unwrap_err();
    docker(&["rm", "-f", &id]);
    assert_eq!(
        failed.to_string(),
        format!("failed to dump `{id}`: `mongodump` exits 2: writing shop.orders")
    );

    // It ends well with an archive that lost its tail.
    let id = with_tool(&good[..good.len() - 4], "0");
    let cut = dump(&id, &file).map(|_| ()).unwrap_err();
    docker(&["rm", "-f", &id]);
    assert_eq!(cut.kind, Kind::Damaged, "{cut}");
}

#[test]
fn an_image_without_the_tool_and_what_it_cannot_do_are_told() {
    if !is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let id = docker(&["run", "-d", "redis:7-alpine"]);
    let error = dump(&id, &folder.path().join("none"))
        .map(|_| ())
        .unwrap_err();
    docker(&["rm", "-fv", &id]);
    assert_eq!(error.kind, Kind::Usage);
    assert_eq!(
        error.to_string(),
        format!("failed to use `mongodump`: there is no `mongodump` in the image of `{id}`")
    );
    assert_eq!(error.hint.as_deref(), Some("use `--engine native`"));
}

#[test]
fn a_closed_container_is_reached_with_its_generated_password() {
    let Some(stack) = Stack::new("mongodb-reach") else {
        return;
    };
    stack.write("atlas.yaml", "services-to-run: [mongodb]\n");
    stack.run(&["init", "--yes"]).exits(0);
    stack.up();
    block_on(async {
        let engine = engine(stack.path()).await;
        let found = sources(&stack, &engine).await;
        assert!(found.missing.is_empty(), "{:?}", found.missing);
        let source = found.mongodb.expect("a MongoDB");
        let connection = reach::mongodb(&engine, &source).await.unwrap();
        connection
            .client()
            .list_database_names()
            .await
            .expect("it may list them");
        stack.run(&["stop"]).exits(0);
        let error = reach::mongodb(&engine, &source)
            .await
            .map(|_| ())
            .unwrap_err();
        assert_eq!(error.kind, Kind::Unreachable);
        assert_eq!(
            error.to_string(),
            format!(
                "failed to reach `{}-mongodb-1`: it is not running",
                stack.name
            )
        );
    });
}

#[test]
fn a_drill_has_an_empty_server_and_leaves_nothing() {
    if !is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    block_on(async {
        let engine = engine(folder.path()).await;
        let cancel = never();
        let names = drill::mongodb(&engine, "mongo:7", &cancel, async |connection| {
            Ok(connection
                .client()
                .list_database_names()
                .await
                .expect("it lists them"))
        });
        let names = names.await.unwrap();
        let own = ["admin", "config", "local"];
        assert!(
            names.iter().all(|name| own.contains(&name.as_str())),
            "{names:?}"
        );
        let failed = drill::mongodb(&engine, "mongo:7", &cancel, async |_| {
            Err::<(), _>(Error::damaged("shop.orders", "1 of 2 documents came back"))
        });
        assert_eq!(failed.await.unwrap_err().kind, Kind::Damaged);
    });
    super::containers::no_throwaway_of_this_process("drill-mongodb");
}

#[test]
fn what_a_project_keeps_elsewhere_is_known_or_told() {
    let stack = crate::atlas::Project::new("elsewhere");
    stack.write("atlas.yaml", "data: external\n");
    let environment = "MONGO_URL=mongodb://ann:s3cret@db.example:27017/\nREDIS_URL=redis://cache.example:6379\nATLAS_API_KEY=0123456789abcdef0123\nATLAS_SECRET_KEY=0123456789abcdef0123\n";
    stack.write(".env", environment);
    let found = source::find(&deployment(&stack), &Observed::default());
    let Some(Mongo::External { url }) = found.mongodb else {
        panic!("no external MongoDB: {:?}", found.missing);
    };
    assert_eq!(url.expose(), "mongodb://ann:s3cret@db.example:27017/");
    assert_eq!(
        found.missing["redis"],
        "an external Redis holds only caches and limits of atlas; back it up where it is run"
    );
    stack.write(
        "atlas.yaml",
        "data: containers\nservices-to-run: [mongodb, redis]\n",
    );
    stack.write(
        ".env",
        "MONGO_INITDB_ROOT_PASSWORD=x1y2z3x1y2z3x1y2z3\nREDIS_PASSWORD=x1y2z3x1y2z3x1y2z3\n",
    );
    let found = source::find(&deployment(&stack), &Observed::default());
    assert_eq!(
        found.missing["mongodb"],
        "`mongodb` has no container; `atlas up` makes it"
    );
    assert_eq!(
        found.missing["redis"],
        "`redis` has no container; `atlas up` makes it"
    );
}
