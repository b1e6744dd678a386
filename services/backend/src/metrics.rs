//! Counters and histograms of one service, and their Prometheus text form.
//!
//! Labels come from a closed set (route patterns, statuses, upstream names), never from what a client sent.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Upper bounds of the duration buckets, in seconds.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The numbers of one running service.
pub struct Metrics {
    service: String,
    started: Instant,
    series: Mutex<Series>,
}

#[derive(Default)]
struct Series {
    routes: BTreeMap<String, Route>,
    upstream_calls: BTreeMap<(String, &'static str), u64>,
    upstream_durations: BTreeMap<String, Histogram>,
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

    /// The Prometheus text exposition format, version 0.0.4.
    pub fn render(&self) -> String {
        let series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::with_capacity(4096);
        text.push_str("# HELP atlas_info The running service.\n# TYPE atlas_info gauge\n");
        let _ = writeln!(
            text,
            "atlas_info{{service=\"{}\",version=\"{}\"}} 1",
            self.service,
            crate::VERSION
        );
        text.push_str("# HELP atlas_uptime_seconds Seconds since the service started.\n# TYPE atlas_uptime_seconds gauge\n");
        let _ = writeln!(text, "atlas_uptime_seconds {}", self.uptime_seconds());
        text.push_str(
            "# HELP atlas_requests_total Requests served.\n# TYPE atlas_requests_total counter\n",
        );
        for (route, known) in &series.routes {
            for ((method, status), count) in &known.requests {
                let labels = format!("route=\"{route}\",method=\"{method}\",status=\"{status}\"");
                let _ = writeln!(text, "atlas_requests_total{{{labels}}} {count}");
            }
        }
        text.push_str("# HELP atlas_request_duration_seconds Time to the response head.\n# TYPE atlas_request_duration_seconds histogram\n");
        for (route, known) in &series.routes {
            let label = format!("route=\"{route}\"");
            known
                .durations
                .write(&mut text, "atlas_request_duration_seconds", &label);
        }
        text.push_str("# HELP atlas_upstream_calls_total Calls to vendors and services.\n# TYPE atlas_upstream_calls_total counter\n");
        for ((upstream, outcome), count) in &series.upstream_calls {
            let _ = writeln!(
                text,
                "atlas_upstream_calls_total{{upstream=\"{upstream}\",outcome=\"{outcome}\"}} {count}"
            );
        }
        text.push_str("# HELP atlas_upstream_duration_seconds Time an upstream took.\n# TYPE atlas_upstream_duration_seconds histogram\n");
        for (upstream, histogram) in &series.upstream_durations {
            histogram.write(
                &mut text,
                "atlas_upstream_duration_seconds",
                &format!("upstream=\"{upstream}\""),
            );
        }
        text
    }
}
