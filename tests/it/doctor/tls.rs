//! Faults of certificates, shown by a real listener on this machine.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};

use super::root::Root;
use super::{Mend, fault, findings, wrong};
use crate::engine::backend::brought_up;
use crate::engine::{Stack, eventually, free_port};

const ONLY: [&str; 3] = ["--offline", "--only", "tls"];
const DAY: Duration = Duration::from_secs(86_400);

type Authority = CertifiedIssuer<'static, KeyPair>;
type Shown = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// An authority, one that it signed, and what the latter signs.
struct Authorities {
    root: Authority,
    between: Authority,
}

impl Authorities {
    fn new() -> Self {
        let key = || KeyPair::generate().expect("a key");
        let root = CertifiedIssuer::self_signed(named("test root"), key()).expect("a certificate");
        let between = CertifiedIssuer::signed_by(named("test intermediate"), key(), &root)
            .expect("a certificate");
        Self { root, between }
    }

    fn leaf(name: &str, from: SystemTime, to: SystemTime) -> (CertificateParams, KeyPair) {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = from.into();
        params.not_after = to.into();
        (params, KeyPair::generate().expect("a key"))
    }

    /// A certificate for a name between two moments, with its chain.
    fn sign(&self, name: &str, from: SystemTime, to: SystemTime) -> Shown {
        let (params, key) = Self::leaf(name, from, to);
        let own = params
            .signed_by(&key, &self.between)
            .expect("a certificate");
        let private = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        (vec![own.into(), self.between.der().clone()], private)
    }

    fn good(&self) -> Shown {
        let now = SystemTime::now();
        self.sign("localhost", now - DAY, now + 60 * DAY)
    }
}

/// Speaks TLS with the certificate that is set, or nothing of the kind.
struct Listener {
    port: u16,
    config: Arc<Mutex<Option<Arc<ServerConfig>>>>,
}

impl Listener {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let config = Arc::new(Mutex::new(None));
        let known: Arc<Mutex<Option<Arc<ServerConfig>>>> = Arc::clone(&config);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let config = known.lock().expect("no thread panics").clone();
                std::thread::spawn(move || serve(client, config));
            }
        });
        Self { port, config }
    }

    fn show(&self, (chain, key): Shown) {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config =
            ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key);
        *self.config.lock().expect("no thread panics") =
            Some(Arc::new(config.expect("a certificate")));
    }

    fn speak_plainly(&self) {
        *self.config.lock().expect("no thread panics") = None;
    }
}

fn serve(mut client: TcpStream, config: Option<Arc<ServerConfig>>) -> Option<()> {
    use std::io::Write;
    let Some(config) = config else {
        return client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").ok();
    };
    let mut session = ServerConnection::new(config).ok()?;
    while session.is_handshaking() {
        session.complete_io(&mut client).ok()?;
    }
    client.read_to_end(&mut Vec::new()).ok().map(drop)
}

#[test]
fn faults_of_certificates_are_found() {
    let Some((stack, port, _)) = brought_up("doctor-tls", &["--profile", "minimal"]) else {
        return;
    };
    let root = Root::new(&stack);
    let authorities = Authorities::new();
    stack.write("root.pem", authorities.root.pem());
    stack.set(
        "SSL_CERT_FILE",
        stack.path().join("root.pem").display().to_string(),
    );
    let listener = Listener::new();
    let address = |port_of: u16| {
        let text = format!(
            "profile: minimal\npublic-url: https://localhost:{port_of}\nservices: {{gateway: {{port: {port}}}}}\n"
        );
        stack.write("atlas.yaml", text);
    };
    assert!(
        findings(&stack, &ONLY).is_empty(),
        "no public address, no checks of it"
    );
    address(listener.port);
    listener.show(authorities.good());
    let healthy = findings(&stack, &ONLY);
    assert!(
        healthy.len() == 4 && healthy.iter().all(|f| f["result"] == "pass"),
        "{healthy:#?}"
    );

    let now = SystemTime::now();
    let mend = || Mend::by(|| listener.show(authorities.good()));
    let plant = |name: &str, id: &str, shown: Shown| {
        fault(&stack, &ONLY, name, id, || listener.show(shown), mend())
    };
    plant(
        "an expired certificate",
        "ATLAS-TLS-001",
        authorities.sign("localhost", now - 90 * DAY, now - 3 * DAY),
    );
    plant(
        "a certificate that ends soon",
        "ATLAS-TLS-001",
        authorities.sign("localhost", now - 85 * DAY, now + 5 * DAY),
    );
    plant(
        "a certificate of the future",
        "ATLAS-TLS-001",
        authorities.sign("localhost", now + 3 * DAY, now + 90 * DAY),
    );
    let (mut chain, key) = authorities.good();
    chain.truncate(1);
    plant("a chain without its middle", "ATLAS-TLS-002", (chain, key));
    let (params, key) = Authorities::leaf("localhost", now - DAY, now + 60 * DAY);
    let own = params.self_signed(&key).expect("a certificate");
    let private = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    plant(
        "a certificate that signs itself",
        "ATLAS-TLS-002",
        (vec![own.into()], private),
    );
    plant(
        "a certificate for another name",
        "ATLAS-TLS-003",
        authorities.sign("www.example.com", now - DAY, now + 60 * DAY),
    );
    fault(
        &stack,
        &ONLY,
        "no TLS at all",
        "ATLAS-TLS-004",
        || listener.speak_plainly(),
        mend(),
    );

    root.write("etc/letsencrypt/live/localhost/README", "");
    root.write(
        "etc/letsencrypt/renewal/localhost.conf",
        "version = 2.1.0\n",
    );
    let cron = stack.path().join("root/etc/cron.d/certbot");
    root.write("etc/cron.d/certbot", "0 3 * * * root certbot renew -q\n");
    let plant = || std::fs::remove_file(&cron).expect("it was written");
    let mend = Mend::by(|| root.write("etc/cron.d/certbot", "0 3 * * * root certbot renew -q\n"));
    fault(
        &stack,
        &ONLY,
        "a certificate that nothing renews",
        "ATLAS-TLS-005",
        plant,
        mend,
    );
    old_versions(&stack, &authorities, &address, listener.port);
}

/// A real nginx that was set up long ago.
fn old_versions(stack: &Stack, authorities: &Authorities, address: &dyn Fn(u16), good: u16) {
    let Some(program) = std::env::var_os("ATLAS_TEST_NGINX") else {
        assert!(
            std::env::var_os("ATLAS_TEST_REQUIRE_REAL").is_none(),
            "no nginx: `tests/parts/provision nginx`"
        );
        return eprintln!("SKIPPED: no nginx; `tests/parts/provision nginx` provides it");
    };
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    let now = SystemTime::now();
    let (params, key) = Authorities::leaf("localhost", now - DAY, now + 60 * DAY);
    let own = params
        .signed_by(&key, &authorities.between)
        .expect("a certificate");
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write(
        "chain.pem",
        &format!("{}{}", own.pem(), authorities.between.pem()),
    );
    write("key.pem", &key.serialize_pem());
    write(
        "nginx.conf",
        &format!(
            "daemon off; master_process off; pid nginx.pid; events {{}}\nhttp {{ access_log off; client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t; \
             uwsgi_temp_path t; scgi_temp_path t;\nserver {{ listen 127.0.0.1:{port} ssl; ssl_certificate chain.pem; ssl_certificate_key key.pem;\n\
             ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_ciphers ALL:@SECLEVEL=0; return 204; }} }}\n"
        ),
    );
    let _server = Server::start(Path::new(&program), folder.path(), port);
    let plant = || address(port);
    fault(
        stack,
        &ONLY,
        "a server that takes TLS 1.1",
        "ATLAS-TLS-004",
        plant,
        Mend::by(|| address(good)),
    );
    assert_eq!(wrong(&findings(stack, &ONLY)), [].into());
}

struct Server(Child);

impl Server {
    fn start(program: &Path, folder: &Path, port: u16) -> Self {
        let child = Command::new(program)
            .args(["-e", "stderr", "-p"])
            .arg(folder)
            .arg("-c")
            .arg(folder.join("nginx.conf"))
            .stdin(Stdio::null())
            .spawn();
        let server = Self(child.expect("nginx starts"));
        eventually("nginx listens", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
