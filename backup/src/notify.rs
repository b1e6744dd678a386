//! Tells people that a backup failed or was missed: a JSON object to a webhook, or a mail. Owns no decision when to tell.
//!
//! Addresses may be secrets themselves (a chat's webhook): errors and `Debug` name their host only.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lettre::message::{Mailbox, header::ContentType};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use serde::Serialize;

use crate::error::Error;

/// One try may take so long.
const PATIENCE: Duration = Duration::from_secs(10);
/// Before the second and the third try.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_secs(2)];

/// Who is told.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// A webhook that takes JSON by POST.
    Hook(String),
    /// An address for mail.
    Mail(String),
}

impl Target {
    /// `https://…`, `http://…` or `mailto:NAME@HOST`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(address) = text.strip_prefix("mailto:") {
            let mailbox: Option<Mailbox> = address.parse().ok();
            return mailbox.map(|_| Self::Mail(address.to_owned()));
        }
        let url = reqwest::Url::parse(text).ok()?;
        let web = matches!(url.scheme(), "http" | "https") && url.has_host();
        web.then(|| Self::Hook(text.to_owned()))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mail(address) => write!(f, "mailto:{address}"),
            Self::Hook(text) => {
                let url = reqwest::Url::parse(text).ok();
                let host = url.as_ref().and_then(|url| url.host_str());
                let scheme = url.as_ref().map_or("https", |url| url.scheme());
                write!(f, "{scheme}://{}/…", host.unwrap_or("?"))
            }
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A backup could not be made, or not be proven.
    BackupFailed,
    /// A backup lacks a part.
    BackupIncomplete,
    /// No good backup is young enough.
    BackupMissed,
}

/// What is told; nothing secret may be in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// `atlas/v1`.
    pub schema: &'static str,
    /// The project.
    pub project: String,
    /// What happened.
    pub kind: Kind,
    /// The backup, if there is one.
    pub id: Option<String>,
    /// In words.
    pub message: String,
    /// The exit code of the command that tells.
    pub exit: u8,
    /// When.
    pub at: Timestamp,
}

impl Notice {
    fn subject(&self) -> String {
        let what = match self.kind {
            Kind::BackupFailed => "backup failed",
            Kind::BackupIncomplete => "backup incomplete",
            Kind::BackupMissed => "backup missed",
        };
        format!("[atlas] {}: {what}", self.project)
    }

    fn text(&self) -> String {
        let id = self.id.as_deref().unwrap_or("-");
        format!(
            "{}\n\nproject: {}\nbackup:  {id}\ntime:    {:.0}\nexit:    {}\n",
            self.message, self.project, self.at, self.exit
        )
    }
}

/// How mail goes out.
#[derive(Clone)]
pub struct Mailer {
    /// `smtps://USER:PASSWORD@HOST`, `smtp://HOST:PORT?tls=required` …
    pub url: String,
    /// The sender.
    pub from: String,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailer(*** from {})", self.from)
    }
}

/// Tells everybody; the errors of those who could not be told after three tries each.
pub async fn tell(targets: &[Target], mailer: Option<&Mailer>, notice: &Notice) -> Vec<Error> {
    let mut errors = Vec::new();
    for target in targets {
        let mut outcome = once(target, mailer, notice).await;
        for pause in PAUSES {
            if !matches!(outcome, Err(Trouble::Passing(_))) {
                break;
            }
            tokio::time::sleep(pause).await;
            outcome = once(target, mailer, notice).await;
        }
        if let Err(Trouble::Passing(cause) | Trouble::Lasting(cause)) = outcome {
            errors.push(Error::failed("notify", target.to_string(), cause));
        }
    }
    errors
}

/// Why a try failed, in words without the address.
enum Trouble {
    /// Another try may do.
    Passing(String),
    /// No other try will do.
    Lasting(String),
}

async fn once(target: &Target, mailer: Option<&Mailer>, notice: &Notice) -> Result<(), Trouble> {
    match target {
        Target::Hook(url) => post(url, notice).await,
        Target::Mail(address) => match mailer {
            Some(mailer) => mail(address, mailer, notice).await,
            None => Err(Trouble::Lasting(
                "SMTP_URL is not set: there is nobody to send mail by".to_owned(),
            )),
        },
    }
}

async fn post(url: &str, notice: &Notice) -> Result<(), Trouble> {
    let client = client().map_err(Trouble::Lasting)?;
    let answer = client.post(url).json(notice).send().await;
    let status = match answer {
        Ok(answer) => answer.status(),
        // The words of the error name the address.
        Err(error) if error.is_timeout() => {
            return Err(Trouble::Passing(format!(
                "no answer within {} seconds",
                PATIENCE.as_secs()
            )));
        }
        Err(error) => return Err(Trouble::Passing(innermost(&error))),
    };
    match status {
        status if status.is_success() => Ok(()),
        status if status.is_server_error() || status.as_u16() == 429 => {
            Err(Trouble::Passing(format!("it answered {status}")))
        }
        status => Err(Trouble::Lasting(format!("it answered {status}"))),
    }
}

/// The words of the last cause, such as "connection refused"; those before it name the address.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    let text = last.to_string().to_lowercase();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}

fn client() -> Result<reqwest::Client, String> {
    let roots = rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("atlas/", env!("CARGO_PKG_VERSION")))
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| innermost(&error))
}

async fn mail(address: &str, mailer: &Mailer, notice: &Notice) -> Result<(), Trouble> {
    let lasting = |what: &str| Trouble::Lasting(what.to_owned());
    let message = Message::builder()
        .from(
            mailer
                .from
                .parse()
                .map_err(|_| lasting("SMTP_FROM is no address"))?,
        )
        .to(address
            .parse()
            .map_err(|_| lasting("it is no address for mail"))?)
        .subject(notice.subject())
        .header(ContentType::TEXT_PLAIN)
        .body(notice.text())
        .map_err(|error| Trouble::Lasting(innermost(&error)))?;
    let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&mailer.url)
        .map_err(|_| {
            lasting("SMTP_URL is no address such as `smtps://USER:PASSWORD@mail.example.com`")
        })?
        .timeout(Some(PATIENCE))
        .build::<Tokio1Executor>();
    match tokio::time::timeout(PATIENCE, transport.send(message)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) if error.is_permanent() => Err(Trouble::Lasting(match error.status() {
            Some(status) => format!("the mail server answered {status}"),
            None => "the mail server refused".to_owned(),
        })),
        Ok(Err(error)) => Err(Trouble::Passing(innermost(&error))),
        Err(_) => Err(Trouble::Passing(format!(
            "no answer within {} seconds",
            PATIENCE.as_secs()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_webhooks_and_addresses_for_mail() {
        let parsed = |text| Target::parse(text).map(|target| target.to_string());
        let hook = parsed("https://hooks.example.com/services/T0P/S3CRET");
        assert_eq!(hook.as_deref(), Some("https://hooks.example.com/…"));
        let mail = parsed("mailto:ops@example.com");
        assert_eq!(mail.as_deref(), Some("mailto:ops@example.com"));
        for wrong in [
            "",
            "ops@example.com",
            "mailto:",
            "mailto:ops",
            "ftp://x/y",
            "https://",
        ] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn addresses_with_secrets_are_not_shown() {
        let target = Target::parse("https://u:p4ss@hooks.example.com/S3CRET?token=t0ken");
        let shown = format!("{target:?}");
        assert_eq!(shown, "Some(Target(https://hooks.example.com/…))");
        let mailer = Mailer {
            url: "smtps://u:p4ss@mail".into(),
            from: "atlas@example.com".into(),
        };
        assert_eq!(format!("{mailer:?}"), "Mailer(*** from atlas@example.com)");
    }
}
