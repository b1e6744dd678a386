//! The way to a remote store: its client, its trust, its patience. The only file that names opendal's builders.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use opendal::layers::{RetryLayer, TimeoutLayer};
use opendal::services::S3;
use opendal::{ErrorKind, HttpTransporter, OperationContext, Operator};
use opendal_http_transport_reqwest::ReqwestTransport;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::files::Files;
use super::sftp;
use crate::repository::location::{Address, Credentials, Remote};
use crate::{Error, Kind};

/// How often a call is tried again; with the waits between, about a minute.
const RETRIES: usize = 9;
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// A call that moves no data.
const CALL: Duration = Duration::from_secs(30);
/// A call that moves a part of a file.
const TRANSFER: Duration = Duration::from_secs(120);

/// The files of a store. Nothing is sent yet.
pub(super) fn connect(remote: &Remote) -> Result<Files, Error> {
    let Remote {
        address,
        credentials,
    } = remote;
    if let Address::Sftp { host, port, path } = address {
        return Ok(Files::Sftp(Arc::new(sftp::Client::new(sftp::Target {
            host: host.clone(),
            port: *port,
            path: path.clone(),
            identity: credentials.identity.clone(),
            config: credentials.ssh_config.clone(),
        }))));
    }
    let patience = TimeoutLayer::new()
        .with_timeout(CALL)
        .with_io_timeout(TRANSFER);
    let retries = RetryLayer::new()
        .with_max_times(RETRIES)
        .with_min_delay(FIRST_WAIT)
        .with_max_delay(LONGEST_WAIT)
        .with_jitter()
        .with_notify(|_: opendal::layers::RetryEvent<'_>| {});
    let operator = s3(address, credentials)?;
    Ok(Files::S3(operator.layer(patience).layer(retries)))
}

fn s3(address: &Address, credentials: &Credentials) -> Result<Operator, Error> {
    let Address::S3 {
        bucket,
        prefix,
        endpoint,
        region,
        virtual_host,
    } = address
    else {
        return Err(Error::failed(
            "use",
            address.to_string(),
            "it is no S3 store",
        ));
    };
    let (Some(name), Some(key)) = (&credentials.access_key_id, &credentials.secret_access_key)
    else {
        let cause = "there is no key for it";
        return Err(Error::new(Kind::Usage, "use", address.to_string(), cause)
            .hint("set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"));
    };
    // Each part carries its CRC, which the store compares with what it received.
    let mut builder = S3::default()
        .disable_config_load()
        .disable_ec2_metadata()
        .bucket(bucket)
        .root(prefix)
        .region(region)
        .access_key_id(name)
        .secret_access_key(key)
        .checksum_algorithm("crc32c");
    if let Some(endpoint) = endpoint {
        builder = builder.endpoint(endpoint);
    }
    if let Some(token) = &credentials.session_token {
        builder = builder.session_token(token);
    }
    if *virtual_host {
        builder = builder.enable_virtual_host_style();
    }
    let transport = HttpTransporter::new(ReqwestTransport::new(client(credentials)?));
    let context = OperationContext::new().with_http_transport(transport);
    let operator =
        Operator::new(builder).map_err(|error| explain("use", &address.to_string(), &error))?;
    Ok(operator.with_context(context))
}

fn client(credentials: &Credentials) -> Result<reqwest::Client, Error> {
    let refusal = |cause: String| Error::new(Kind::Usage, "use", "TLS", cause);
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    if let Some(file) = &credentials.certificates {
        add(&mut roots, file)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| refusal(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(Duration::from_secs(10))
        .build()
        .map_err(|error| refusal(error.to_string()))
}

fn add(roots: &mut RootCertStore, file: &Path) -> Result<(), Error> {
    let refusal = |cause: &str| Error::new(Kind::Usage, "trust", file.display().to_string(), cause);
    let extra = CertificateDer::pem_file_iter(file).map_err(|_| refusal("it cannot be read"))?;
    match roots.add_parsable_certificates(extra.filter_map(Result::ok)) {
        (0, _) => Err(refusal("it holds no certificate")),
        _ => Ok(()),
    }
}

/// What a store's client says, without what only its makers need.
pub(super) fn explain(operation: &'static str, subject: &str, error: &opendal::Error) -> Error {
    let kind = match error.kind() {
        ErrorKind::NotFound => Kind::NotFound,
        ErrorKind::ConfigInvalid | ErrorKind::Unsupported => Kind::Usage,
        ErrorKind::PermissionDenied | ErrorKind::AlreadyExists | ErrorKind::ConditionNotMatch => {
            Kind::Failed
        }
        _ => Kind::Unreachable,
    };
    Error::new(kind, operation, subject, cause(error))
}

/// The words of an error that help: those of the store, or of the deepest cause.
pub(super) fn cause(error: &opendal::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => return "it does not exist".to_owned(),
        ErrorKind::PermissionDenied => return "permission denied".to_owned(),
        _ => {}
    }
    let mut deepest: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(next) = deepest.and_then(std::error::Error::source) {
        deepest = Some(next);
    }
    let text = deepest.map_or_else(|| error.message().to_owned(), ToString::to_string);
    let text = text.split(" (os error").next().unwrap_or(&text);
    text.trim_end_matches(['.', '\n', '\r']).to_lowercase()
}
