//! Which traces are recorded, by the names that OpenTelemetry gives to the ways of choosing:
//! <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>.

use super::Context;

/// A way of choosing. By default whatever the caller chose, and every trace that begins here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    /// Whether the caller's choice goes before ours.
    pub parent_based: bool,
    /// The share that is recorded, 0 to 1.
    pub ratio: f64,
}

impl Default for Sampler {
    fn default() -> Self {
        Self {
            parent_based: true,
            ratio: 1.0,
        }
    }
}

impl Sampler {
    /// The sampler of that name (`OTEL_TRACES_SAMPLER`), with `ratio` where it takes one.
    pub fn named(name: &str, ratio: f64) -> Option<Self> {
        let plain = name.strip_prefix("parentbased_");
        let ratio = match plain.unwrap_or(name) {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => ratio,
            _ => return None,
        };
        Some(Self {
            parent_based: plain.is_some(),
            ratio,
        })
    }

    /// Whether a trace that begins here is recorded.
    pub(super) fn begins(self, context: &Context) -> bool {
        // All services come to the same verdict over a trace, because its id decides.
        let place = (context.trace as u64 >> 11) as f64 / (1_u64 << 53) as f64;
        place < self.ratio
    }

    /// Whether a trace that a caller began is recorded here.
    pub(super) fn continues(self, parent: &Context) -> bool {
        match self.parent_based {
            true => parent.sampled,
            false => self.begins(parent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_decides_unless_it_is_not_asked() {
        let mut parent = Context::fresh();
        for (name, sampled, begins, continues) in [
            ("always_on", false, true, true),
            ("always_off", true, false, false),
            ("parentbased_always_on", false, true, false),
            ("parentbased_always_off", true, false, true),
            ("parentbased_traceidratio", true, false, true),
        ] {
            let sampler = Sampler::named(name, 0.0).unwrap();
            parent.sampled = sampled;
            assert_eq!(
                (sampler.begins(&parent), sampler.continues(&parent)),
                (begins, continues),
                "{name}"
            );
        }
        assert_eq!(Sampler::named("jaeger_remote", 1.0), None);
    }

    #[test]
    fn a_ratio_is_kept() {
        let sampler = Sampler::named("traceidratio", 0.25).unwrap();
        let chosen = (0..10_000).filter(|_| sampler.begins(&Context::fresh()));
        let count = chosen.count();
        assert!((2_200..2_800).contains(&count), "{count}");
    }
}
