//! What a Kubernetes cluster is told beyond the deployment. Owns who makes the Secrets; how objects look belongs to `targets`.

/// Who makes the Secrets that pods mount.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SecretSource {
    /// The External Secrets operator, from a secret store.
    #[default]
    External,
    /// Somebody else: SOPS, a person.
    Existing,
    /// The Sealed Secrets controller, from values that it alone can read.
    Sealed,
    /// The rendered files themselves hold the values.
    Values,
}

impl SecretSource {
    /// Whether values are needed to make them, not only their names.
    pub fn reads_values(self) -> bool {
        matches!(self, Self::Values | Self::Sealed)
    }
}
