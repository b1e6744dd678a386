//! A connection by TLS that takes whatever certificate comes, so that a bad one can be described, and then verifies it.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    ClientConfig, DigitallySignedStruct, ProtocolVersion, RootCertStore, SignatureScheme,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::checks::tls::{Certificate, Shown};

/// What the server shows. `Err`: nobody is there.
pub(super) async fn shake(
    address: SocketAddr,
    host: &str,
    roots: &RootCertStore,
) -> Result<Shown, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| "its name is none that a certificate can be for".to_owned())?;
    let stream = TcpStream::connect(address)
        .await
        .map_err(|cause| crate::error::cause(&cause))?;
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions();
    let config = config
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone(Arc::clone(&provider))))
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let stream = match connector.connect(name.clone(), stream).await {
        Ok(stream) => stream,
        Err(cause) => {
            let refusal = Some(crate::error::cause(&cause));
            return Ok(Shown {
                refusal,
                ..Shown::default()
            });
        }
    };
    let (_, session) = stream.get_ref();
    let chain = session.peer_certificates().unwrap_or_default();
    let protocol = session.protocol_version().map(version);
    Ok(Shown {
        protocol,
        chain: chain.iter().filter_map(describe).collect(),
        untrusted: untrusted(chain, roots, &provider),
        named: is_named(chain, &name),
        ..Shown::default()
    })
}

fn version(version: ProtocolVersion) -> String {
    match version {
        ProtocolVersion::TLSv1_2 => "TLS 1.2".to_owned(),
        ProtocolVersion::TLSv1_3 => "TLS 1.3".to_owned(),
        other => format!("{other:?}"),
    }
}

fn describe(der: &CertificateDer<'_>) -> Option<Certificate> {
    let parsed = x509_cert::Certificate::from_der(der).ok()?;
    let body = parsed.tbs_certificate;
    let names = body.get::<SubjectAltName>().ok().flatten();
    let names = names.into_iter().flat_map(|(_, names)| names.0);
    let names = names.filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(bytes) => match bytes.as_bytes() {
            [a, b, c, d] => Some(format!("{a}.{b}.{c}.{d}")),
            _ => None,
        },
        _ => None,
    });
    let seconds =
        |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).ok();
    Some(Certificate {
        names: names.collect(),
        subject: body.subject.to_string(),
        issuer: body.issuer.to_string(),
        not_before: seconds(body.validity.not_before)?,
        not_after: seconds(body.validity.not_after)?,
    })
}

/// Why the chain leads to no known authority. Dates are told apart: it is verified at a moment at which its first certificate is valid.
fn untrusted(
    chain: &[CertificateDer<'_>],
    roots: &RootCertStore,
    provider: &CryptoProvider,
) -> Option<String> {
    let (own, rest) = chain.split_first()?;
    let parsed = ParsedCertificate::try_from(own);
    let described = describe(own);
    let now = UnixTime::now().as_secs();
    let moment = described.map_or(now, |own| {
        let first = u64::try_from(own.not_before).unwrap_or_default();
        let last = u64::try_from(own.not_after).unwrap_or_default();
        now.clamp(first, last.max(first))
    });
    let moment = UnixTime::since_unix_epoch(std::time::Duration::from_secs(moment));
    let algorithms = provider.signature_verification_algorithms.all;
    let verified = parsed.and_then(|own| {
        verify_server_cert_signed_by_trust_anchor(&own, roots, rest, moment, algorithms)
    });
    verified.err().map(|error| error.to_string())
}

fn is_named(chain: &[CertificateDer<'_>], name: &ServerName<'_>) -> bool {
    let own = chain
        .first()
        .and_then(|own| ParsedCertificate::try_from(own).ok());
    own.is_some_and(|own| verify_server_name(&own, name).is_ok())
}

/// Takes every certificate; that the server holds its key is still proven.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
