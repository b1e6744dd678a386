//! `atlas backup` as people run it. Owns what the tests share: a real mongod of one's own, an archive made by hand, and what
//! changes from run to run taken out of what was said.

mod encryption;
mod life;
mod offline;
mod project;
mod schedule;
mod told;

use std::net::TcpStream;

use atlas_backup::archive::{Header, Metadata, Writer};

use crate::atlas::{Project, Run};
use crate::engine::eventually;
use real::Server;

#[allow(clippy::unwrap_used, dead_code, reason = "shared with the services")]
#[path = "../../services/backend/tests/services/real.rs"]
mod real;

/// A project folder and a MongoDB beside it; `uri` holds its address.
pub(crate) struct Shop {
    pub(crate) project: Project,
    server: Server,
}

impl Shop {
    /// `None`, said loudly, where there is no mongod.
    pub(crate) fn new(test: &str) -> Option<Self> {
        let shop = Self::empty(test)?;
        shop.fill();
        Some(shop)
    }

    pub(crate) fn empty(test: &str) -> Option<Self> {
        let binary = real::binary("ATLAS_TEST_MONGOD", "mongod")?;
        let server = Server::start(&binary, |port, folder| {
            let port = port.to_string();
            let words = [
                "--port",
                &port,
                "--bind_ip",
                "127.0.0.1",
                "--dbpath",
                folder,
            ];
            words.map(str::to_owned).into()
        });
        eventually("mongod listens", || {
            TcpStream::connect(("127.0.0.1", server.port)).is_ok()
        });
        let project = Project::new(test);
        let uri = format!("mongodb://127.0.0.1:{}/\n", server.port);
        project.write("uri", uri);
        Some(Self { project, server })
    }

    /// Restores 250 orders and 3 people of the database `shop`.
    pub(crate) fn fill(&self) {
        self.project
            .write("shop.archive", archive(&[("orders", 250), ("people", 3)]));
        let words = ["restore", "--file", "shop.archive", "--no-safety-backup"];
        self.run(&words).exits(0);
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.server.port)
    }

    /// `atlas backup … --uri-file uri --yes` where the command takes an address.
    pub(crate) fn run(&self, words: &[&str]) -> Run {
        let mut all = vec!["backup"];
        all.extend(words);
        all.extend(["--uri-file", "uri", "--yes"]);
        self.project.run(&all)
    }

    pub(crate) fn kill(&mut self) {
        self.server.kill();
    }

    /// The ids of all backups, oldest first.
    pub(crate) fn ids(&self) -> Vec<String> {
        let list = json(&self.project, &["backup", "list", "--json"]);
        let backups = list["backups"].as_array().expect("a list").clone();
        let id = |backup: &serde_json::Value| backup["id"].as_str().map(str::to_owned);
        backups.iter().filter_map(id).collect()
    }
}

/// The last object that a command prints.
#[track_caller]
pub(crate) fn json(project: &Project, words: &[&str]) -> serde_json::Value {
    let run = project.run(words);
    let last = run.stdout.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|e| panic!("{e}: {}{}", run.stdout, run.stderr))
}

/// An archive of the database `shop` with so many documents in each collection, numbered from 0.
pub(crate) fn archive(collections: &[(&str, i32)]) -> Vec<u8> {
    let header = Header {
        concurrent_collections: 1,
        version: "0.1".into(),
        server_version: "6.0.5".into(),
        tool_version: "100.9.0".into(),
    };
    let described: Vec<Metadata> = collections
        .iter()
        .map(|(name, _)| Metadata {
            db: "shop".into(),
            collection: (*name).into(),
            metadata: format!(
                r#"{{"indexes":[{{"v":{{"$numberInt":"2"}},"key":{{"_id":{{"$numberInt":"1"}}}},"name":"_id_"}}],"collectionName":"{name}","type":"collection"}}"#
            ),
            size: 0,
            kind: "collection".into(),
        })
        .collect();
    let mut writer = Writer::new(Vec::new(), &header, &described).expect("it can be written");
    for (index, (_, count)) in collections.iter().enumerate() {
        let documents: Vec<u8> = (0..*count).flat_map(document).collect();
        let count = u64::try_from(*count).expect("not negative");
        writer
            .documents(index, None, &documents, count)
            .expect("documents");
        writer.end(index).expect("an end");
    }
    writer.finish().expect("an archive").1
}

/// `{_id: number}`
fn document(number: i32) -> Vec<u8> {
    let mut bytes = vec![14, 0, 0, 0, 0x10];
    bytes.extend(b"_id\0");
    bytes.extend(number.to_le_bytes());
    bytes.push(0);
    bytes
}

/// What was said, with ids, sizes and times of this run taken out: `<id>`, `<size>`, `<time>`.
pub(crate) fn steady(text: &str, project: &Project) -> String {
    let folder = project.path().to_string_lossy().into_owned();
    let text = text.replace(&folder, "<folder>");
    let words = text.split_inclusive(|c: char| c.is_whitespace() || c == '/');
    words
        .map(|word| {
            let (core, rest) = word.split_at(word.trim_end_matches(['/', ' ', '\n']).len());
            let is_id = core.len() == 16 && core.ends_with('Z') && core.as_bytes()[8] == b'T';
            match is_id {
                true => format!("<id>{rest}"),
                false => word.to_owned(),
            }
        })
        .collect()
}
