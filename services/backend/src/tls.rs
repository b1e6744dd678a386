//! Trust: the certificates outgoing calls accept. The image has no CA bundle, so Mozilla's roots are built in;
//! `SSL_CERT_FILE` adds to them (a company's own proxy or vendor instance).

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// Makes ring the provider of this process; drivers that ask for "the default" get it.
pub fn install_provider() {
    // An error only says that one is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The built-in roots and those in `ca_file`.
///
/// # Errors
/// A sentence naming `SSL_CERT_FILE` if that file cannot be read or holds no certificate.
pub fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    if let Some(path) = ca_file {
        let extra = CertificateDer::pem_file_iter(path)
            .map_err(|_| "`SSL_CERT_FILE` cannot be read".to_owned())?;
        let (added, _) = roots.add_parsable_certificates(extra.filter_map(Result::ok));
        if added == 0 {
            return Err("`SSL_CERT_FILE` holds no certificate".to_owned());
        }
    }
    Ok(roots)
}

/// The client side of TLS, trusting [`roots`].
///
/// # Errors
/// Those of [`roots`].
pub fn client(ca_file: Option<&Path>) -> Result<ClientConfig, String> {
    let roots = roots(ca_file)?;
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map(|builder| builder.with_root_certificates(roots).with_no_client_auth())
        .map_err(|error| format!("TLS cannot be set up: {error}"))
}
