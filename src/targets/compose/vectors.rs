//! Hashes seen on containers, networks and volumes that real Compose releases made (contract §5), and some computed from
//! the same sources.

use std::collections::BTreeMap;

use super::spec::{HealthcheckSpec, ServiceSpec};
use super::{go_json, hash, network_hash, volume_hash};
use crate::model::{Network, Volume};

/// What Compose hashed, and the label it wrote.
const SERVICES: [(&str, &str); 7] = [
    // compose 5.1.3: health check, secret, volume
    (
        r#"{"command":["sh","-c","exec redis-server --appendonly yes --requirepass \"$(cat /run/secrets/redis_password)\""],"entrypoint":null,"healthcheck":{"test":["CMD-SHELL","REDISCLI_AUTH=\"$(cat /run/secrets/redis_password)\" redis-cli ping"],"timeout":"3s","interval":"10s","retries":5,"start_period":"10s"},"image":"redis:alpine","networks":{"default":null},"restart":"unless-stopped","secrets":[{"source":"redis_password","target":"/run/secrets/redis_password"}],"volumes":[{"type":"volume","source":"redis_data_prod","target":"/data","volume":{}}]}"#,
        "974ea8109f574bad226e0fd4a99699a2f2d4c0a8abb31a37c3bbae99f8e87cbc",
    ),
    // compose 2.40.3: command, environment, fixed address, port
    (
        r#"{"command":["server","--console-address",":9001","/tmp/data"],"entrypoint":null,"environment":{"MINIO_ACCESS_KEY":"rendezvous","MINIO_SECRET_KEY":"bluegreen"},"image":"minio/minio","networks":{"amazin-object-storage":{"ipv4_address":"169.253.0.4"}},"ports":[{"mode":"ingress","target":9001,"published":"9003","protocol":"tcp"}]}"#,
        "6c38ff1b17d711c3bccbefd24673298c2c2d78caa7d1c07a421d578b43a57257",
    ),
    // compose 2.31.0: container_name, restart "no", two volumes; depends_on is not in it
    (
        r#"{"command":null,"container_name":"moodle_app","entrypoint":null,"environment":{"ALLOW_EMPTY_PASSWORD":"yes","MOODLE_DATABASE_HOST":"db","MOODLE_DATABASE_NAME":"moodle","MOODLE_DATABASE_PASSWORD":"moodle","MOODLE_DATABASE_PORT_NUMBER":"3306","MOODLE_DATABASE_TYPE":"mysqli","MOODLE_DATABASE_USER":"moodle","MOODLE_DEBUG":"yes","MOODLE_EMAIL":"admin@example.com","MOODLE_HOST":"localhost","MOODLE_INSTALL_TIMEOUT":"1800","MOODLE_PASSWORD":"admin123","MOODLE_SITE_NAME":"Moodle LMS","MOODLE_SKIP_BOOTSTRAP":"no","MOODLE_USERNAME":"admin","PHP_MAX_EXECUTION_TIME":"600","PHP_MEMORY_LIMIT":"512M","PHP_POST_MAX_SIZE":"100M","PHP_UPLOAD_MAX_FILESIZE":"100M"},"image":"bitnami/moodle:4.2.2","networks":{"moodle_network":null},"ports":[{"mode":"ingress","target":80,"published":"8080","protocol":"tcp"}],"restart":"no","volumes":[{"type":"volume","source":"moodle_data","target":"/bitnami/moodle","volume":{}},{"type":"volume","source":"moodledata_data","target":"/bitnami/moodledata","volume":{}}]}"#,
        "99e88bfaa69c7dcb0b8408215a5c40b6ad234f0f6a77ac0bcfb341a140918986",
    ),
    // compose 2.23 and older put the default deploy in
    (
        r#"{"command":null,"deploy":{"replicas":1,"resources":{},"placement":{}},"entrypoint":null,"image":"alpine:3.13","networks":{"default":null}}"#,
        "5bc8bc96d82232fd5546825b6e64c03b2074467edf89dc48be706283b8e4b4d6",
    ),
    // computed
    (
        r#"{"command":null,"entrypoint":null,"image":"alpine:3.13","networks":{"default":null}}"#,
        "65eb30ffd565adc4f4e3ea2d0e61b7fbf527706164834c2466a0359100e5b29d",
    ),
    (
        r#"{"command":null,"entrypoint":null,"healthcheck":{"test":["CMD","redis-cli","ping"],"timeout":"5s","interval":"10s","retries":5},"image":"redis:7-alpine","networks":{"default":null},"ports":[{"mode":"ingress","target":6379,"published":"6379","protocol":"tcp"}],"volumes":[{"type":"volume","source":"redis_data","target":"/data","volume":{}}]}"#,
        "4c0c28119a11a167f4fef2cea70b4ecb81372faed7f88a3e42f50ff05f5152f4",
    ),
    (
        r#"{"command":null,"entrypoint":null,"environment":{"MONGO_INITDB_DATABASE":"atlas_ai"},"healthcheck":{"test":["CMD","mongosh","--eval","db.adminCommand('ping')"],"timeout":"5s","interval":"10s","retries":5},"image":"mongo:7","networks":{"default":null},"ports":[{"mode":"ingress","target":27017,"published":"27017","protocol":"tcp"}],"volumes":[{"type":"volume","source":"mongo_data","target":"/data/db","volume":{}}]}"#,
        "cff28317318e082a2c4e87696eac140b6245d032445a383cafe6b89e1020771c",
    ),
];

#[test]
fn services_hash_as_compose_did() {
    for (text, label) in SERVICES {
        let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(String::from_utf8_lossy(&go_json::to_vec(&value)), text);
        assert_eq!(hash(&value), label, "{text}");
    }
}

/// Networks and volumes by name; further fields as Compose hashed them.
#[test]
fn networks_and_volumes_hash_as_compose_did() {
    for (text, label) in [
        (
            r#"{"name":"phpmyadmin_default","ipam":{}}"#,
            "ba43439e637b9a85c5cc5a0e7f1026048251f55346bbe10cfb89f592f05e5f3c",
        ),
        (
            r#"{"name":"build_default","ipam":{}}"#,
            "15dcad421ebb3df3e2e53dc0cb00938a0f4cbeafec99e5c95e4143e67cb2ce91",
        ),
        (
            r#"{"name":"connect_net","driver":"bridge","ipam":{}}"#,
            "715d95412dac62ee10630234ef89a89ef00fb19cda05dc27f28ad624c823948b",
        ),
        (
            r#"{"name":"docker_postgres_data","driver":"local"}"#,
            "fc9c3243864dd27a923dba18ebe0743bc1bd63150910bb22573d03430e222307",
        ),
        (
            r#"{"name":"rag-project_postgres_data","driver":"local"}"#,
            "5dc3d628a7c7fc208c1a083f74bde3e0acba02c0a3a313cd96bc1e1ecaa7ba3a",
        ),
        (
            r#"{"name":"mysql-quarkus-project_mysql-data","driver":"local"}"#,
            "59f8066d55bde3d92364234302919870b7140b15f168a6952abc45a51d7ecf58",
        ),
        (
            r#"{"name":"jobboard-postgres-data","driver":"local"}"#,
            "51cb1b890dca508cb1c6e869d49a43bf77eb2b579d8769998c61578da7750fb3",
        ),
        (
            r#"{"name":"srcs_mariadb_data","driver":"local","driver_opts":{"device":"/home/brivera/data/mariadb","o":"bind","type":"none"}}"#,
            "c6375909f8c856eddf302b7e1d7d5e4ff9c18db06064d751d99c190a397269b2",
        ),
    ] {
        let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(hash(&value), label, "{text}");
    }
    let project = |name: &str| name.parse().expect("valid");
    let open = Network { internal: false };
    for (name, key, label) in [
        (
            "phpmyadmin",
            "default",
            "ba43439e637b9a85c5cc5a0e7f1026048251f55346bbe10cfb89f592f05e5f3c",
        ),
        (
            "atlas",
            "default",
            "2b6558b6c6d02ab60f2bce50b8b5d35914b8f4cd0e30e77779ee484190c2568c",
        ),
        (
            "atlas",
            "ai_network",
            "505c9c7fdbe8de71aa66bfeef293e3939ba0b8641647430decc8aab6085c5395",
        ),
    ] {
        assert_eq!(
            network_hash(&project(name), key, &open),
            label,
            "{name}_{key}"
        );
    }
    for (name, key, label) in [
        (
            "docker",
            "postgres_data",
            "fc9c3243864dd27a923dba18ebe0743bc1bd63150910bb22573d03430e222307",
        ),
        (
            "atlas",
            "mongo-data",
            "863381d5f657c92d7c17ab73d8c9a179dbceedcf6354ef427ffdad097c51d221",
        ),
    ] {
        assert_eq!(
            volume_hash(&project(name), key, &Volume {}),
            label,
            "{name}_{key}"
        );
    }
}

#[test]
fn a_specification_writes_the_fields_in_compose_order() {
    let spec = ServiceSpec {
        image: "redis:alpine".to_owned(),
        healthcheck: Some(HealthcheckSpec {
            test: vec!["CMD".to_owned(), "true".to_owned()],
            timeout: "3s".to_owned(),
            interval: "10s".to_owned(),
            retries: 5,
            start_period: "10s".to_owned(),
            start_interval: None,
        }),
        networks: BTreeMap::from([("default".to_owned(), None)]),
        restart: Some("no".to_owned()),
        ..ServiceSpec::default()
    };
    assert_eq!(
        String::from_utf8_lossy(&go_json::to_vec(&spec)),
        r#"{"command":null,"entrypoint":null,"healthcheck":{"test":["CMD","true"],"timeout":"3s","interval":"10s","retries":5,"start_period":"10s"},"image":"redis:alpine","networks":{"default":null},"restart":"no"}"#
    );
}
