//! The variables of traces. Names, forms and defaults are OpenTelemetry's own:
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/> and
//! <https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::{HeaderName, HeaderValue};

use super::TracesConfig;
use super::reader::Reader;
use crate::secret::Secret;
use crate::trace::{ExportConfig, Sampler};

const SAMPLERS: &str = "one of always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, \
                        parentbased_traceidratio";

/// What `role` does with traces; spans are exported only if an endpoint is named.
pub(super) fn traces(reader: &mut Reader<'_>, role: &str) -> TracesConfig {
    let ratio = |text: &str| text.parse().ok().filter(|r| (0.0..=1.0).contains(r));
    let ratio = reader.named(
        "OTEL_TRACES_SAMPLER_ARG",
        1.0,
        ratio,
        "a number between 0 and 1",
    );
    let sampler = reader.named(
        "OTEL_TRACES_SAMPLER",
        Sampler::default(),
        |name| Sampler::named(name, ratio),
        SAMPLERS,
    );
    let export = endpoint(reader).map(|endpoint| ExportConfig {
        endpoint,
        headers: headers(reader),
        resource: resource(reader, role),
        delay: Duration::from_millis(reader.number("OTEL_BSP_SCHEDULE_DELAY", 5_000, 1..=60_000)),
    });
    let disabled = reader.flag("OTEL_SDK_DISABLED");
    TracesConfig {
        sampler,
        export: export.filter(|_| !disabled),
    }
}

/// That of traces is taken as it is, the common one stands for all signals.
fn endpoint(reader: &mut Reader<'_>) -> Option<String> {
    let own = reader.url("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    let endpoint = own.or_else(|| {
        let common = reader.url("OTEL_EXPORTER_OTLP_ENDPOINT")?;
        Some(format!("{common}/v1/traces"))
    })?;
    let http = |name: &str| name.starts_with("http/").then_some(());
    let must_be = "`http/json`, the way in which traces are sent";
    for name in [
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    ] {
        reader.named(name, (), http, must_be);
    }
    Some(endpoint)
}

/// Those of traces instead of the common ones; they may hold a key, so a problem shows nothing of them.
fn headers(reader: &mut Reader<'_>) -> Vec<(HeaderName, Secret)> {
    let names = [
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
        "OTEL_EXPORTER_OTLP_HEADERS",
    ];
    for name in names {
        let Some(value) = reader.secret(name) else {
            continue;
        };
        let header = |(name, value): (String, String)| {
            let name = name.parse().ok()?;
            HeaderValue::from_str(&value).ok()?;
            Some((name, Secret::new(value)))
        };
        let parsed = pairs(value.expose());
        let parsed: Option<Vec<_>> = parsed.and_then(|p| p.into_iter().map(header).collect());
        if parsed.is_none() {
            reader.report(format!(
                "`{name}` must be `name=value` pairs, separated by commas"
            ));
        }
        return parsed.unwrap_or_default();
    }
    Vec::new()
}

fn resource(reader: &mut Reader<'_>, role: &str) -> Vec<(String, String)> {
    let mut resource: BTreeMap<String, String> = [
        ("service.name", role),
        ("service.namespace", "atlas"),
        ("service.version", crate::VERSION),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let named = reader.checked("OTEL_RESOURCE_ATTRIBUTES", |text| {
        pairs(text).ok_or_else(|| vec!["`name=value` pairs, separated by commas".to_owned()])
    });
    resource.extend(named);
    let name = reader.text("OTEL_SERVICE_NAME");
    resource.extend(name.map(|name| ("service.name".to_owned(), name)));
    resource.into_iter().collect()
}

/// `name=value,name=value`, the values percent-encoded, as in <https://www.w3.org/TR/baggage/#header-content>.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let entries = text.split(',').map(str::trim);
    let pairs = entries.filter(|entry| !entry.is_empty()).map(|entry| {
        let (name, value) = entry.split_once('=')?;
        let name = name.trim();
        (!name.is_empty()).then_some(())?;
        Some((name.to_owned(), decoded(value.trim())?))
    });
    pairs.collect()
}

/// A sign that begins no code stands for itself.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let code = others.get(..2).filter(|_| *first == b'%');
        let code = code.and_then(|code| u8::from_str_radix(str::from_utf8(code).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &others[2..] } else { others };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Variables;

    fn read(variables: &[(&str, &str)]) -> Result<TracesConfig, Vec<String>> {
        let variables: Variables = variables.iter().copied().collect();
        let mut reader = Reader::new(&variables);
        let traces = traces(&mut reader, "jira");
        reader.finish(traces)
    }

    #[test]
    fn nothing_is_exported_unless_somebody_collects() {
        let traces = read(&[("OTEL_EXPORTER_OTLP_HEADERS", "a=b")]).unwrap();
        assert!(traces.export.is_none());
        assert_eq!(traces.sampler, Sampler::default());
        let collector = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/");
        let traces = read(&[collector, ("OTEL_SDK_DISABLED", "true")]).unwrap();
        assert!(traces.export.is_none());
    }

    #[test]
    fn the_variables_are_those_of_opentelemetry() {
        let export = |variables: &[(&str, &str)]| read(variables).unwrap().export.unwrap();
        let common = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/");
        let it = export(&[
            common,
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "authorization=Basic%20dXNlcjpwYXNz==, x-team = a%2Cb",
            ),
            (
                "OTEL_RESOURCE_ATTRIBUTES",
                "deployment.environment.name=test,service.name=x",
            ),
        ]);
        assert_eq!(it.endpoint, "http://collector:4318/v1/traces");
        let headers: Vec<(&str, &str)> = it
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose()))
            .collect();
        assert_eq!(
            headers,
            [("authorization", "Basic dXNlcjpwYXNz=="), ("x-team", "a,b")]
        );
        assert_eq!(
            it.resource[..2],
            [
                ("deployment.environment.name".into(), "test".into()),
                ("service.name".into(), "x".into())
            ]
        );
        let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://t.example/x");
        let it = export(&[common, own, ("OTEL_SERVICE_NAME", "mine")]);
        assert_eq!(it.endpoint, "https://t.example/x");
        assert!(
            it.resource
                .contains(&("service.name".into(), "mine".into()))
        );
    }

    #[test]
    fn all_problems_are_named_and_headers_never_shown() {
        let problems = read(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4317"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization: s3cret"),
            ("OTEL_TRACES_SAMPLER", "sometimes"),
            ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ]);
        let said = problems.err().unwrap().join("\n");
        assert_eq!(
            said,
            "`OTEL_TRACES_SAMPLER_ARG` must be a number between 0 and 1\n\
             `OTEL_TRACES_SAMPLER` must be one of always_on, always_off, traceidratio, parentbased_always_on, \
             parentbased_always_off, parentbased_traceidratio\n\
             `OTEL_EXPORTER_OTLP_PROTOCOL` must be `http/json`, the way in which traces are sent\n\
             `OTEL_EXPORTER_OTLP_HEADERS` must be `name=value` pairs, separated by commas"
        );
    }
}
