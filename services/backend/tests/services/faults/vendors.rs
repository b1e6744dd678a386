//! The ways to the vendors: which variables name the party, which are secret.

use super::party::Party;
use crate::fake::Fake;

/// Part of every secret.
pub(super) const SECRET: &str = "t0ken-never-shown";
/// `ann:xoxp-t0ken-never-shown` as HTTP Basic has it.
pub(super) const BASIC: &str = "YW5uOnhveHAtdDBrZW4tbmV2ZXItc2hvd24=";

/// One way to a vendor. The faulty party stands at `faulty`, one that gives tokens at `login`.
pub(super) struct Vendor {
    pub(super) name: &'static str,
    pub(super) role: &'static str,
    faulty: &'static [&'static str],
    login: &'static [&'static str],
    secrets: &'static [&'static str],
    more: &'static [(&'static str, &'static str)],
}

const fn vendor(
    role: &'static str,
    faulty: &'static [&'static str],
    secrets: &'static [&'static str],
    more: &'static [(&'static str, &'static str)],
) -> Vendor {
    let login = &[];
    Vendor {
        name: role,
        role,
        faulty,
        login,
        secrets,
        more,
    }
}

const GOOGLE: [&str; 3] = [
    "GOOGLE_CLIENT_ID",
    "GOOGLE_CLIENT_SECRET",
    "GOOGLE_REFRESH_TOKEN",
];

pub(super) const VENDORS: &[Vendor] = &[
    vendor(
        "confluence",
        &["CONFLUENCE_URL"],
        &["CONFLUENCE_TOKEN"],
        &[("CONFLUENCE_USERNAME", "ann")],
    ),
    vendor(
        "devtools",
        &["STACKOVERFLOW_API_URL", "NPM_API_URL", "PYPI_API_URL"],
        &["STACKOVERFLOW_KEY"],
        &[],
    ),
    vendor(
        "figma",
        &["FIGMA_API_URL"],
        &["FIGMA_TOKEN"],
        &[("FIGMA_TEAM_ID", "42")],
    ),
    vendor("github", &["GITHUB_API_URL"], &["GITHUB_TOKEN"], &[]),
    Vendor {
        login: &["GOOGLE_LOGIN_URL"],
        ..vendor(
            "google",
            &["GOOGLE_DRIVE_URL", "GOOGLE_GMAIL_URL"],
            &GOOGLE,
            &[],
        )
    },
    Vendor {
        name: "google's login",
        ..vendor(
            "google",
            &["GOOGLE_LOGIN_URL", "GOOGLE_DRIVE_URL", "GOOGLE_GMAIL_URL"],
            &GOOGLE,
            &[],
        )
    },
    vendor(
        "jira",
        &["JIRA_URL"],
        &["JIRA_TOKEN"],
        &[("JIRA_USERNAME", "ann")],
    ),
    vendor("linear", &["LINEAR_API_URL"], &["LINEAR_API_KEY"], &[]),
    Vendor {
        login: &["MS_LOGIN_URL"],
        ..vendor(
            "microsoft365",
            &["MS_GRAPH_URL"],
            &["MS_CLIENT_SECRET"],
            &[("MS_CLIENT_ID", "id"), ("MS_TENANT_ID", "acme.example")],
        )
    },
    Vendor {
        name: "microsoft365's login",
        ..vendor(
            "microsoft365",
            &["MS_LOGIN_URL", "MS_GRAPH_URL"],
            &["MS_CLIENT_SECRET"],
            &[("MS_CLIENT_ID", "id"), ("MS_TENANT_ID", "acme.example")],
        )
    },
    vendor("notion", &["NOTION_API_URL"], &["NOTION_API_KEY"], &[]),
    vendor(
        "slack",
        &["SLACK_API_URL"],
        &["SLACK_USER_TOKEN", "SLACK_BOT_TOKEN"],
        &[],
    ),
];

impl Vendor {
    /// Its variables, with `party` where it is faulty and `login` where tokens are had.
    pub(super) fn variables(
        &self,
        party: &Party,
        login: &Fake,
        budget_ms: u32,
    ) -> Vec<(&'static str, String)> {
        let mut variables = vec![("VENDOR_TIMEOUT_MS", budget_ms.to_string())];
        variables.extend(self.faulty.iter().map(|name| (*name, party.url.clone())));
        variables.extend(self.login.iter().map(|name| (*name, login.url.clone())));
        variables.extend(
            self.secrets
                .iter()
                .map(|name| (*name, format!("xoxp-{SECRET}"))),
        );
        variables.extend(
            self.more
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        let authority = party.authority().map(|path| path.display().to_string());
        variables.extend(authority.map(|path| ("SSL_CERT_FILE", path)));
        variables
    }
}

/// Where a vendor's documentation gives an answer another meaning: vendor, fault, and what is said then.
pub(super) const EXCEPTIONS: &[(&str, &str, u16, &str, &str)] = &[
    (
        "figma",
        "404",
        502,
        "vendor_not_found",
        "has no such team; check `FIGMA_TEAM_ID`",
    ),
    (
        "devtools",
        "401",
        502,
        "vendor_unauthorized",
        "pypi refused the credentials",
    ),
    (
        "devtools",
        "good certificate",
        502,
        "vendor_unauthorized",
        "pypi refused the credentials",
    ),
];
