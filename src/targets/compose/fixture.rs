//! A deployment made by hand that uses everything the Compose target can write. For tests only.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::model::{
    BuildContext, Condition, DataMode, Deployment, EnvValue, Image, ImageRef, ImageSource, Kind,
    Mount, Network, Port, Probe, Publish, Resources, Secret, SecretMount, Service, ServiceName,
    Stage, Tmpfs, Volume,
};

/// The same without folders of the host, which no pod has.
pub(crate) fn portable() -> Deployment {
    let mut deployment = deployment();
    for service in deployment.services.values_mut() {
        let is_bind = |mount: &Mount| matches!(mount, Mount::Bind { .. });
        service.mounts.retain(|mount| !is_bind(mount));
    }
    deployment
}

/// Gateway, orchestrator, two integrations, MongoDB and Redis.
pub(crate) fn deployment() -> Deployment {
    let services = [
        gateway(),
        orchestrator(),
        slack(),
        productivity(),
        mongodb(),
        redis(),
    ];
    let network = |internal| Network { internal };
    Deployment {
        start_interval: true,
        public_url: None,
        project: "atlas".parse().expect("valid"),
        stage: Stage::Production,
        data: DataMode::Containers,
        source: ImageSource::Builtin,
        services: services.map(|s| (s.name.clone(), s)).into(),
        networks: BTreeMap::from([
            ("data".to_owned(), network(true)),
            ("edge".to_owned(), network(false)),
            ("mesh".to_owned(), network(false)),
        ]),
        volumes: ["mongo-data", "redis-data"]
            .map(|key| (key.to_owned(), Volume::default()))
            .into(),
        secrets: [
            ("atlas_secret_key", "0123456789abcdef0123456789abcdef"),
            ("mongo_password", "m0ngo-secret\n"),
            ("redis_password", "r3dis-<secret>&$HOME"),
            ("unused", "never-mounted-secret"),
        ]
        .map(|(name, value)| (name.to_owned(), Secret::new(value)))
        .into(),
        edge: None,
    }
}

fn name(name: &str) -> ServiceName {
    name.parse().expect("valid")
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn plain(pairs: &[(&str, &str)]) -> BTreeMap<String, EnvValue> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), EnvValue::Plain((*value).to_owned())))
        .collect()
}

fn secret(variable: &str, value: &str) -> EnvValue {
    EnvValue::Secret {
        variable: variable.to_owned(),
        value: Secret::new(value),
    }
}

fn mounts(names: &[&str]) -> Vec<SecretMount> {
    let mount = |name: &&str| SecretMount {
        name: (*name).to_owned(),
    };
    names.iter().map(mount).collect()
}

fn service(key: &str, kind: Kind, image: Image, port: u64) -> Service {
    Service {
        name: name(key),
        description: format!("the {key} service"),
        kind,
        image,
        entrypoint: None,
        command: None,
        environment: BTreeMap::new(),
        secrets: Vec::new(),
        port: Port::new(port).expect("valid"),
        publish: None,
        further: Vec::new(),
        probe: Probe::Http {
            path: "/health".to_owned(),
        },
        healthcheck: words(&[
            "CMD",
            "/atlas",
            "healthcheck",
            "http://127.0.0.1/health?a=1&b=<2>",
        ]),
        depends_on: BTreeMap::new(),
        networks: ["mesh".to_owned()].into(),
        mounts: Vec::new(),
        tmpfs: vec![Tmpfs {
            target: "/tmp".to_owned(),
            options: "rw,noexec,nosuid,nodev,size=64m".to_owned(),
        }],
        user: Some("10001:10001".to_owned()),
        read_only: true,
        capabilities: Vec::new(),
        resources: Resources {
            memory: 512 << 20,
            cpu_millis: 500,
            pids: 100,
        },
        replicas: 1,
        scalable: true,
        internet: kind == Kind::Integration || kind == Kind::Gateway,
        stop_grace: Duration::from_secs(30),
        labels: BTreeMap::new(),
    }
}

fn builtin() -> Image {
    Image::Builtin(ImageRef::new("atlas-builtin:0123456789ab"))
}

fn gateway() -> Service {
    Service {
        command: Some(words(&[
            "gateway",
            "--greeting",
            "costs $5 & 'more'",
            "100",
        ])),
        environment: {
            let mut environment = plain(&[
                (
                    "CORS_ORIGINS",
                    "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
                ),
                ("DEBUG", "false"),
                ("LONG", &["many words make a long line"; 6].join(", ")),
                ("LINES", "first $\n  second: 2\n\n# third"),
                ("LINES_END", "first\nsecond\n"),
                ("NORWAY", "no"),
                ("NUMBER", "0123"),
                ("ODD", " odd  spaces, a \t and # no comment: "),
                ("PRICE", "$5 ${NOT_A_VARIABLE}"),
            ]);
            environment.insert(
                "MONGO_URL".to_owned(),
                secret("MONGO_URL", "mongodb://u:p%24@mongodb"),
            );
            environment.insert(
                "OPENAI_API_KEY".to_owned(),
                secret("OPENAI_API_KEY", "sk-abc$def"),
            );
            environment.insert("SLACK_TOKEN".to_owned(), secret("SLACK_TOKEN", ""));
            let composed = EnvValue::Composed {
                expression: "redis://:${REDIS_PASSWORD}@redis:6379/$0?x=${OPENAI_API_KEY}"
                    .to_owned(),
                value: Secret::new("redis://:r3dis@redis:6379/$0?x=sk-abc$def"),
            };
            environment.insert("REDIS_URL".to_owned(), composed);
            environment.insert(
                "REDIS_PASSWORD".to_owned(),
                secret("REDIS_PASSWORD", "r3dis"),
            );
            environment
        },
        secrets: mounts(&["atlas_secret_key"]),
        publish: Some(Publish {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: Port::new(8001).expect("valid"),
        }),
        depends_on: [
            (name("mongodb"), Condition::Healthy),
            (name("orchestrator"), Condition::Healthy),
            (name("redis"), Condition::Started),
        ]
        .into(),
        networks: ["data", "edge", "mesh"].map(str::to_owned).into(),
        labels: [("com.example.note", "a $ sign & <more>")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..service("gateway", Kind::Gateway, builtin(), 8001)
    }
}

fn orchestrator() -> Service {
    Service {
        command: Some(words(&["orchestrator"])),
        environment: plain(&[("PORT", "8002"), ("WORKERS", "2")]),
        depends_on: [(name("mongodb"), Condition::Healthy)].into(),
        networks: ["data", "mesh"].map(str::to_owned).into(),
        resources: Resources {
            memory: 1 << 30,
            cpu_millis: 2000,
            pids: 200,
        },
        replicas: 2,
        ..service("orchestrator", Kind::Orchestrator, builtin(), 8002)
    }
}

fn slack() -> Service {
    let context = BuildContext {
        context: "integrations/slack".into(),
        dockerfile: "Dockerfile".into(),
    };
    Service {
        entrypoint: Some(words(&["python", "-m", "slack"])),
        publish: Some(Publish {
            address: IpAddr::V6(Ipv6Addr::LOCALHOST),
            port: Port::new(9004).expect("valid"),
        }),
        networks: ["edge", "mesh"].map(str::to_owned).into(),
        stop_grace: Duration::from_secs(90),
        ..service(
            "slack",
            Kind::Integration,
            Image::Build(ImageRef::new("atlas-slack:1.0"), context),
            8004,
        )
    }
}

fn productivity() -> Service {
    Service {
        command: Some(words(&["productivity"])),
        mounts: vec![
            Mount::Bind {
                source: "notes/../documents".into(),
                target: "/documents".to_owned(),
                read_only: true,
            },
            Mount::Bind {
                source: "/tmp".into(),
                target: "/host".to_owned(),
                read_only: true,
            },
        ],
        capabilities: words(&["NET_BIND_SERVICE"]),
        ..service("productivity", Kind::Integration, builtin(), 8007)
    }
}

fn store(key: &str, image: &str, port: u64, volume: &str, target: &str) -> Service {
    Service {
        mounts: vec![Mount::Volume {
            volume: volume.to_owned(),
            target: target.to_owned(),
        }],
        networks: ["data".to_owned()].into(),
        probe: Probe::Tcp { exchange: None },
        user: Some("999:999".to_owned()),
        scalable: false,
        ..service(
            key,
            Kind::Store,
            Image::Reference(ImageRef::new(image)),
            port,
        )
    }
}

fn mongodb() -> Service {
    Service {
        environment: plain(&[
            (
                "MONGO_INITDB_ROOT_PASSWORD_FILE",
                "/run/secrets/mongo_password",
            ),
            ("MONGO_INITDB_ROOT_USERNAME", "atlas"),
        ]),
        healthcheck: words(&[
            "CMD",
            "mongosh",
            "--quiet",
            "--eval",
            "db.adminCommand('ping')",
        ]),
        secrets: mounts(&["mongo_password"]),
        ..store(
            "mongodb",
            "mongo:7.0@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            27017,
            "mongo-data",
            "/data/db",
        )
    }
}

fn redis() -> Service {
    Service {
        command: Some(words(&[
            "sh",
            "-c",
            "exec redis-server --appendonly yes --requirepass \"$(cat /run/secrets/redis_password)\"",
        ])),
        healthcheck: words(&[
            "CMD",
            "sh",
            "-c",
            "REDISCLI_AUTH=\"$(cat /run/secrets/redis_password)\" redis-cli ping | grep -q PONG",
        ]),
        secrets: mounts(&["redis_password"]),
        ..store(
            "redis",
            "redis:7-alpine@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
            6379,
            "redis-data",
            "/data/",
        )
    }
}
