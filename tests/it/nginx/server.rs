//! A site as it is rendered, served by a real nginx on free ports with a certificate of its own, before the real gateway.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::atlas::{Project, executable};
use crate::engine::{eventually, free_port};
use crate::offline;

pub(super) const NAME: &str = "api.example.com";
pub(super) const KEY: &str = "k3y";

/// A site in a folder of its own.
pub(super) struct Site {
    pub(super) project: Project,
    pub(super) http: u16,
    pub(super) https: u16,
    authority: CertificateDer<'static>,
    program: PathBuf,
    /// Whether clients show the certificate of the authority that they have.
    pub(super) shows_certificate: bool,
    /// What stands in for a word of the site: for the address of Docker's resolver, for one of Cloudflare's networks.
    pub(super) instead: Option<(&'static str, String)>,
}

/// A process that ends with the value.
pub(super) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // nginx hands SIGTERM on to its workers, which SIGKILL would leave behind.
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

pub(super) type Tls = StreamOwned<ClientConnection, TcpStream>;

impl Site {
    /// The gateway at `port` of this machine; `settings` are further lines of `nginx:`.
    pub(super) fn new(program: &Path, port: u16, settings: &str) -> Self {
        let project = Project::new("nginx");
        let (http, https) = (free_port(), free_port());
        let folder = project.path().display().to_string();
        let authority = certificates(&project);
        project.write(
            "atlas.yaml",
            format!(
                "profile: minimal\npublic-url: https://{NAME}\nservices: {{gateway: {{port: {port}, environment: {{ATLAS_TRUST_PROXY: \"true\"}}}}}}\n\
                 nginx:\n  http: {http}\n  https: {https}\n  ipv6: false\n  http3: false\n  certificate: {folder}/site.pem\n  key: {folder}/site.key\n  \
                 acme: {folder}/acme\n{settings}"
            ),
        );
        project.write(".env", offline::ENV);
        project.write("acme/.well-known/acme-challenge/token", "answer");
        Self {
            project,
            http,
            https,
            authority,
            program: program.to_owned(),
            shows_certificate: false,
            instead: None,
        }
    }

    /// `atlas render nginx` with this nginx first on PATH.
    pub(super) fn render(&self, arguments: &[&str]) -> crate::atlas::Run {
        let mut all = vec!["render", "nginx"];
        all.extend(arguments);
        let mut command = offline::command(&self.project, &all);
        let folder = self.program.parent().expect("a folder");
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", folder.display()));
        crate::atlas::Run::of(command.output().expect("atlas starts"))
    }

    /// The rendered text moved off the machine's own folders (logs, process id, temporary files) and nothing else.
    pub(super) fn settle(&self) -> PathBuf {
        let folder = self.project.path().display().to_string();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|name| format!("    {name}_temp_path {folder}/{name};\n"))
            .collect();
        for file in ["nginx.conf", "atlas.conf"] {
            let text = self.project.read(&format!("nginx/{file}"));
            let temporary = if text.contains("temp_path") {
                ""
            } else {
                temporary.as_str()
            };
            let text = text
                .replace("/run/nginx.pid", &format!("{folder}/nginx.pid"))
                .replace("/var/log/nginx", &folder)
                .replace(
                    "    include atlas.conf;",
                    &format!("{temporary}    include atlas.conf;"),
                );
            let text = match &self.instead {
                Some((word, other)) => text.replace(word, other),
                None => text,
            };
            self.project.write(&format!("settled/{file}"), text);
        }
        self.project.path().join("settled/nginx.conf")
    }

    /// What `nginx -t` says.
    pub(super) fn test(&self) -> (bool, String) {
        let output = self.nginx(&["-t"]).output().expect("nginx starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.success(), said)
    }

    /// The configuration as nginx has read it.
    pub(super) fn dump(&self) -> String {
        let output = self.nginx(&["-T"]).output().expect("nginx starts");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn nginx(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        // As root the workers would be another user, who may not enter the folder.
        command.args(["-e", "stderr", "-g", "user root;", "-p"]);
        command
            .arg(self.project.path())
            .arg("-c")
            .arg(self.settle());
        command.args(arguments).stdin(Stdio::null());
        command
    }

    /// nginx, answering.
    pub(super) fn serve(&self) -> Running {
        let mut command = Command::new(&self.program);
        command.args(["-e", "stderr", "-g", "user root; daemon off;", "-p"]);
        command
            .arg(self.project.path())
            .arg("-c")
            .arg(self.settle());
        // What a container shows as its log is nothing to say here.
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.stderr(Stdio::null()).spawn();
        let running = Running(child.expect("nginx starts"));
        eventually("nginx listens", || {
            TcpStream::connect(("127.0.0.1", self.https)).is_ok()
        });
        running
    }

    /// A TLS connection under a name; the error is the handshake's.
    pub(super) fn connect(&self, name: &str) -> std::io::Result<Tls> {
        self.connect_to("127.0.0.1", name)
    }

    /// The same on an address of this machine.
    pub(super) fn connect_to(&self, address: &str, name: &str) -> std::io::Result<Tls> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.clone()).expect("an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let config = match self.shows_certificate {
            true => {
                let (chain, key) = self.client();
                config.with_client_auth_cert(chain, key).expect("a key")
            }
            false => config.with_no_client_auth(),
        };
        let name = name.to_owned().try_into().expect("a name");
        let mut session = ClientConnection::new(Arc::new(config), name).expect("a session");
        let mut stream = TcpStream::connect((address, self.https))?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        while session.is_handshaking() {
            session.complete_io(&mut stream)?;
        }
        Ok(StreamOwned::new(session, stream))
    }

    /// A client's certificate and its key.
    fn client(&self) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let read = |name: &str| self.project.path().join(name);
        let certificate = CertificateDer::from_pem_file(read("client.pem"));
        let key = PrivateKeyDer::from_pem_file(read("client.key"));
        (
            vec![certificate.expect("a certificate")],
            key.expect("a key"),
        )
    }

    /// One request on a connection of its own; status and the whole answer.
    pub(super) fn ask(&self, request: &str) -> (u16, String) {
        let mut stream = self.connect(NAME).expect("a handshake");
        send(&mut stream, request)
    }
}

impl Site {
    /// Asks 40 times of a site with `rate: 1`; how often it was answered, which is what the burst and the time allow. All others are told.
    #[track_caller]
    pub(super) fn flood(&self, request: &str, burst: usize) -> usize {
        let began = Instant::now();
        let codes: Vec<u16> = (0..40).map(|_| self.ask(request).0).collect();
        let seconds = usize::try_from(began.elapsed().as_secs()).expect("a few") + 1;
        let good = codes.iter().filter(|code| **code == 200).count();
        let limited = codes.iter().filter(|code| **code == 429).count();
        assert_eq!(good + limited, 40, "{codes:?}");
        let allowed = burst..=burst + 1 + seconds;
        assert!(
            limited > 0 && allowed.contains(&good),
            "{seconds} s: {codes:?}"
        );
        good
    }
}

/// Writes a request (its headers but for `Host` and `Connection: close`) and reads what comes till the end.
pub(super) fn send(stream: &mut (impl Read + Write), request: &str) -> (u16, String) {
    let (line, headers) = request.split_once("\r\n").unwrap_or((request, ""));
    let text = format!(
        "{line} HTTP/1.1\r\nHost: {NAME}\r\nX-API-Key: {KEY}\r\nConnection: close\r\n{headers}\r\n"
    );
    stream.write_all(text.as_bytes()).expect("it reads");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.get(9..12).and_then(|code| code.parse().ok());
    (status.unwrap_or(0), answer)
}

/// An authority and a certificate of it for the site, in the project's folder; the authority's file is `ca.pem`.
fn certificates(project: &Project) -> CertificateDer<'static> {
    let key = || KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, "test root");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let now = std::time::SystemTime::now();
    let day = Duration::from_secs(86_400);
    params.not_before = (now - day).into();
    params.not_after = (now + 90 * day).into();
    let root = CertifiedIssuer::self_signed(params, key()).expect("a certificate");
    let own = key();
    let mut params = CertificateParams::new([NAME.to_owned()]).expect("a name");
    params.distinguished_name.push(DnType::CommonName, NAME);
    params.use_authority_key_identifier_extension = true;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = (now - day).into();
    params.not_after = (now + 60 * day).into();
    let leaf = params.signed_by(&own, &root).expect("a certificate");
    project.write("site.pem", leaf.pem());
    project.write("site.key", own.serialize_pem());
    let own = key();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let client = params.signed_by(&own, &root).expect("a certificate");
    project.write("client.pem", client.pem());
    project.write("client.key", own.serialize_pem());
    project.write("ca.pem", root.pem());
    root.der().clone()
}

/// The real gateway at a port, searching through an orchestrator at another.
pub(super) fn gateway(site: &Site, port: u16, orchestrator: u16) -> Running {
    let mut command = Command::new(executable());
    command
        .args(["serve", "gateway"])
        .env_clear()
        .env("PORT", port.to_string())
        .env("ATLAS_DATA_DIR", site.project.path().join("data"))
        .env("ATLAS_API_KEY", KEY)
        .env("ATLAS_SECRET_KEY", "a secret of a test")
        .env("ATLAS_TRUST_PROXY", "true")
        .env("RATE_LIMIT_PER_MINUTE", "10000")
        .env(
            "ORCHESTRATOR_URL",
            format!("http://127.0.0.1:{orchestrator}"),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    std::fs::create_dir_all(site.project.path().join("data")).expect("a folder");
    let running = Running(command.spawn().expect("atlas starts"));
    eventually("the gateway listens", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    running
}

/// Something that listens on an address of this machine and handles each connection in a thread.
pub(super) fn listener(at: (&str, u16), handle: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind(at).expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    let handle = Arc::new(handle);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let handle = Arc::clone(&handle);
            std::thread::spawn(move || handle(client));
        }
    });
    port
}
