//! The eleven items of the deployment guide's production checklist.

/// One item.
pub struct Item {
    /// Its name in commands and in the file of answers.
    pub key: &'static str,
    /// What holds when all is well.
    pub title: &'static str,
    /// What it is about.
    pub what: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// How it is mended in general; each finding has its own fix beside it.
    pub fix: &'static str,
    /// Variables whose problems belong to this item when the configuration is judged as production's; the first item takes all
    /// that no other names.
    pub variables: &'static [&'static str],
    /// Ids and areas of the rules that decide it, without `ATLAS-`.
    pub rules: &'static [&'static str],
    /// Rules among them that are known before anything runs, so that `atlas up --production` asks them first.
    pub before: &'static [&'static str],
    /// Rules whose warnings are shown but do not stand in the way.
    pub tolerates: &'static [&'static str],
    /// What it means when no rule has anything to look at.
    pub absent: Absent,
    /// What only a person can tell.
    pub question: Option<Question>,
}

/// What it means when none of an item's rules has anything to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// The deployment has nothing of the kind, so nothing can be wrong with it.
    DoesNotApply,
    /// Something should be there.
    NotPassed,
}

/// What only a person can tell.
pub struct Question {
    /// Answered by yes or no; yes passes.
    pub text: &'static str,
    /// Rules that the answer stands for where they could not be checked.
    pub settles: &'static [&'static str],
    /// Whether it is asked even where these rules passed.
    pub always: bool,
}

/// What most items have none of.
const PLAIN: Item = Item {
    key: "",
    title: "",
    what: "",
    why: "",
    fix: "",
    variables: &[],
    rules: &[],
    before: &[],
    tolerates: &[],
    absent: Absent::NotPassed,
    question: None,
};

/// The items in the order of the guide.
pub const ITEMS: [Item; 11] = [
    Item {
        key: "environment",
        title: "all environment variables are configured",
        what: "Every variable that a chosen service needs is set, in the right shape, and none holds an example's placeholder.",
        why: "a service with a missing or made-up value starts and then fails at the first search",
        fix: "fill in .env; each line says where its value comes from",
        rules: &["CFG", "ENV-001", "ENV-002", "ENV-003"],
        before: &["CFG", "ENV-001", "ENV-002", "ENV-003"],
        ..PLAIN
    },
    Item {
        key: "mongodb",
        title: "MongoDB has authentication enabled",
        what: "MongoDB refuses whoever shows no password, and lets the backend in by its own.",
        why: "whoever reaches the port reads and deletes every user's settings and history",
        fix: "set MONGO_INITDB_ROOT_PASSWORD in .env before the first start; an old volume keeps its old password",
        rules: &["DATA-002", "DATA-001"],
        absent: Absent::DoesNotApply,
        ..PLAIN
    },
    Item {
        key: "redis",
        title: "Redis has a password set",
        what: "Redis refuses commands of whoever has not shown the password.",
        why: "an open Redis lets anyone who reaches it read sessions, lift limits and often take over the machine",
        fix: "set REDIS_PASSWORD in .env, then run `atlas up`",
        rules: &["DATA-003"],
        absent: Absent::DoesNotApply,
        ..PLAIN
    },
    Item {
        key: "cors",
        title: "CORS origins are restricted to the extension",
        what: "Browsers may call the API from the extension's own origin and from no other.",
        why: "with a wildcard any web page or extension can use the API with the user's own rights",
        fix: "set CORS_ORIGINS in .env to chrome-extension://<the extension's id>, then run `atlas up`",
        variables: &["CORS_ORIGINS"],
        rules: &["PATH-004", "PATH-005"],
        ..PLAIN
    },
    Item {
        key: "tls",
        title: "SSL/TLS is configured",
        what: "Clients reach the gateway through TLS with a certificate that is valid, complete, theirs, and renewed in time.",
        why: "without it the API key and every search travel readable for anyone on the way",
        fix: "put a reverse proxy with a certificate in front of the gateway",
        rules: &["TLS"],
        before: &["TLS"],
        // A certificate that is renewed in time is always some weeks from its end.
        tolerates: &["TLS-001"],
        question: Some(Question {
            text: "Do clients reach the gateway through TLS, with a certificate that is renewed by itself?",
            settles: &["TLS"],
            always: false,
        }),
        ..PLAIN
    },
    Item {
        key: "health",
        title: "health checks are passing",
        what: "Every container is healthy, and a request gets from the gateway through the orchestrator to the services.",
        why: "a service that is up but does not answer loses its results silently",
        fix: "`atlas doctor` says what is wrong, `atlas logs SERVICE` what the service says",
        rules: &["CON-005", "PATH-001", "PATH-002", "PATH-003"],
        ..PLAIN
    },
    Item {
        key: "monitoring",
        title: "monitoring and alerting are set up",
        what: "Something reads the metrics, and a person is told when the backend is down or failing.",
        why: "otherwise the users notice first, and tell nobody",
        fix: "let a Prometheus scrape the gateway's /metrics and alert on `up == 0` and on errors",
        rules: &["OPS-002"],
        question: Some(Question {
            text: "Is a person told within minutes when the backend is down or failing?",
            settles: &["OPS-002"],
            // That somebody scrapes does not say that anybody is told.
            always: true,
        }),
        ..PLAIN
    },
    Item {
        key: "backups",
        title: "a backup strategy is in place",
        what: "There is a backup that is young enough, was proven to be readable, and the next one comes by itself.",
        why: "disks fail and people delete; what was never restored is no backup",
        fix: "run `atlas backup`, then `atlas backup schedule set --at 03:15`",
        rules: &["BAK"],
        before: &["BAK"],
        absent: Absent::NotPassed,
        ..PLAIN
    },
    Item {
        key: "rate-limit",
        title: "rate limiting is configured",
        what: "The gateway refuses a client that asks too often, which is counted by asking too often.",
        why: "one loop in a script uses up the vendors' quotas of everybody, and keys can be guessed",
        fix: "set RATE_LIMIT_PER_MINUTE in .env, then run `atlas up`",
        rules: &["OPS-001"],
        ..PLAIN
    },
    Item {
        key: "logs",
        title: "logs are being collected",
        what: "Logs leave the machine they are written on, and can be searched together.",
        why: "logs in a container's file go with the container, the disk or the machine, just when they are needed",
        fix: "run a collector that reads the engine's logs, or one as a service of the machine",
        rules: &["OPS-003"],
        before: &["OPS-003"],
        question: Some(Question {
            text: "Are the containers' logs collected somewhere else and kept?",
            settles: &["OPS-003"],
            always: false,
        }),
        ..PLAIN
    },
    Item {
        key: "limits",
        title: "resource limits are set for containers",
        what: "Each container has limits of memory, CPU and processes, and the kernel enforces them.",
        why: "one service that leaks takes the whole machine with it",
        fix: "set `services.<name>.memory`, `cpus` and `pids` in atlas.yaml, then run `atlas up`",
        rules: &["CON-008", "HOST-007"],
        ..PLAIN
    },
];
