//! Counters and histograms of one service, and their Prometheus text form.
//!
//! Labels come from a closed set (route patterns, statuses, upstream names), never from what a client sent.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Upper bounds of the duration buckets, in seconds.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The numbers of one running service.
pub struct Metrics {
    service: String,
    started: Instant,
    /// In Unix seconds.
    started_at: f64,
    series: Mutex<Series>,
}

#[derive(Default)]
struct Series {
    routes: BTreeMap<String, Route>,
    upstream_calls: BTreeMap<(String, &'static str), u64>,
    upstream_durations: BTreeMap<String, Histogram>,
    lookups: BTreeMap<(&'static str, &'static str), u64>,
    spans: BTreeMap<&'static str, u64>,
}

/// What one route served, by method and status.
#[derive(Default)]
struct Route {
    requests: BTreeMap<(&'static str, u16), u64>,
    durations: Histogram,
}

impl Route {
    fn served(&mut self, method: &'static str, status: u16, took: Duration) {
        *self.requests.entry((method, status)).or_default() += 1;
        self.durations.observe(took);
    }
}

#[derive(Default)]
struct Histogram {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    seconds: f64,
}

impl Histogram {
    fn observe(&mut self, took: Duration) {
        let seconds = took.as_secs_f64();
        if let Some(slot) = BUCKETS.iter().position(|bound| seconds <= *bound) {
            self.buckets[slot] += 1;
        }
        self.count += 1;
        self.seconds += seconds;
    }

    fn write(&self, text: &mut String, name: &str, label: &str) {
        let mut total = 0;
        for (bound, count) in BUCKETS.iter().zip(self.buckets) {
            total += count;
            let _ = writeln!(text, "{name}_bucket{{{label},le=\"{bound}\"}} {total}");
        }
        let _ = writeln!(text, "{name}_bucket{{{label},le=\"+Inf\"}} {}", self.count);
        let _ = writeln!(text, "{name}_sum{{{label}}} {}", self.seconds);
        let _ = writeln!(text, "{name}_count{{{label}}} {}", self.count);
    }
}

impl Metrics {
    /// Starts counting for `service`.
    pub fn new(service: &str) -> Self {
        Self {
            service: service.to_owned(),
            started: Instant::now(),
            started_at: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0.0, |since| since.as_secs_f64()),
            series: Mutex::default(),
        }
    }

    /// Seconds since the service started.
    pub fn uptime_seconds(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    /// Counts a served request by its route pattern.
    pub fn request(&self, route: &str, method: &'static str, status: u16, took: Duration) {
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        match series.routes.get_mut(route) {
            Some(known) => known.served(method, status, took),
            None => series
                .routes
                .entry(route.to_owned())
                .or_default()
                .served(method, status, took),
        }
    }

    /// Counts a call to another party; `outcome` is `ok` or an error code.
    pub fn upstream(&self, upstream: &str, outcome: &'static str, took: Duration) {
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        *series
            .upstream_calls
            .entry((upstream.to_owned(), outcome))
            .or_default() += 1;
        series
            .upstream_durations
            .entry(upstream.to_owned())
            .or_default()
            .observe(took);
    }

    /// Counts a search that a source has a cache for: `hit`, `miss`, or `shared` with one that was on its way.
    pub fn lookup(&self, source: &'static str, outcome: &'static str) {
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        *series.lookups.entry((source, outcome)).or_default() += 1;
    }

    /// Counts spans that were `exported` or `dropped`.
    pub fn spans(&self, outcome: &'static str, count: u64) {
        let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        *series.spans.entry(outcome).or_default() += count;
    }

    /// The Prometheus text exposition format, version 0.0.4.
    pub fn render(&self) -> String {
        let mut text = String::with_capacity(4096);
        head(&mut text, "atlas_info", "gauge", "The running service.");
        let (service, version) = (&self.service, crate::VERSION);
        let _ = writeln!(
            text,
            "atlas_info{{service=\"{service}\",version=\"{version}\"}} 1"
        );
        self.render_process(&mut text);
        let series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        series.render_requests(&mut text);
        series.render_upstreams(&mut text);
        series.render_counts(&mut text);
        text
    }

    /// Names as in <https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>.
    fn render_process(&self, text: &mut String) {
        let name = "atlas_uptime_seconds";
        head(text, name, "gauge", "Seconds since the service started.");
        let _ = writeln!(text, "{name} {}", self.uptime_seconds());
        let name = "process_start_time_seconds";
        let help = "When the service started, in Unix seconds.";
        head(text, name, "gauge", help);
        let _ = writeln!(text, "{name} {:.3}", self.started_at);
        if let Some(bytes) = resident_bytes() {
            let name = "process_resident_memory_bytes";
            head(text, name, "gauge", "Memory in use.");
            let _ = writeln!(text, "{name} {bytes}");
        }
    }
}

impl Series {
    fn render_requests(&self, text: &mut String) {
        let name = "atlas_requests_total";
        head(text, name, "counter", "Requests served.");
        for (route, known) in &self.routes {
            for ((method, status), count) in &known.requests {
                let labels = format!("route=\"{route}\",method=\"{method}\",status=\"{status}\"");
                let _ = writeln!(text, "{name}{{{labels}}} {count}");
            }
        }
        let name = "atlas_request_duration_seconds";
        head(text, name, "histogram", "Time to the response head.");
        for (route, known) in &self.routes {
            let label = format!("route=\"{route}\"");
            known.durations.write(text, name, &label);
        }
    }

    fn render_upstreams(&self, text: &mut String) {
        let name = "atlas_upstream_calls_total";
        head(text, name, "counter", "Calls to vendors and services.");
        for ((upstream, outcome), count) in &self.upstream_calls {
            let labels = format!("upstream=\"{upstream}\",outcome=\"{outcome}\"");
            let _ = writeln!(text, "{name}{{{labels}}} {count}");
        }
        let name = "atlas_upstream_duration_seconds";
        head(text, name, "histogram", "Time an upstream took.");
        for (upstream, histogram) in &self.upstream_durations {
            histogram.write(text, name, &format!("upstream=\"{upstream}\""));
        }
    }

    fn render_counts(&self, text: &mut String) {
        let name = "atlas_cache_lookups_total";
        let help = "Searches by what the cache had for them.";
        head(text, name, "counter", help);
        for ((source, outcome), count) in &self.lookups {
            let labels = format!("source=\"{source}\",outcome=\"{outcome}\"");
            let _ = writeln!(text, "{name}{{{labels}}} {count}");
        }
        let name = "atlas_trace_spans_total";
        head(text, name, "counter", "Spans by what became of them.");
        for (outcome, count) in &self.spans {
            let _ = writeln!(text, "{name}{{outcome=\"{outcome}\"}} {count}");
        }
    }
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// What Linux says of this process, `VmRSS:  1234 kB`; nothing elsewhere.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let (_, rest) = status.split_once("VmRSS:")?;
    let kibibytes: u64 = rest.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}
