//! What the rendered site refuses, and to whom: each client has limits of its own, whoever stands between.

use super::live::{GENEROUS, Upstream, websocket};
use super::programs;
use super::server::Site;
use crate::engine::eventually;

#[test]
fn too_many_requests_are_told_so_and_operators_paths_are_closed() {
    for program in programs() {
        let upstream = Upstream::new();
        let site = Site::new(&program, upstream.port, "  rate: 1\n  burst: 9\n");
        site.render(&[]).exits(0);
        let _nginx = site.serve();
        let good = site.flood("GET /api/services", 9);
        eprintln!("{}: {good} of 40 answered", program.display());
        let passed = upstream.heads().len();
        assert_eq!(passed, good, "what is refused reaches nobody");
    }
    for program in programs() {
        let upstream = Upstream::new();
        let site = Site::new(&program, upstream.port, GENEROUS);
        site.render(&[]).exits(0);
        let _nginx = site.serve();
        for path in ["/api/debug/settings/default", "/api/debug", "/metrics"] {
            let (status, answer) = site.ask(&format!("GET {path}"));
            assert_eq!(status, 404, "{path}");
            assert!(answer.contains("\r\nServer: nginx\r\n"), "{answer}");
        }
        let big = "a".repeat(65 << 10);
        let request = format!("POST /api/search\r\nContent-Length: {}\r\n", big.len());
        assert_eq!(site.ask(&request).0, 413);
        assert_eq!(upstream.heads(), [""; 0], "none of it reaches the gateway");
        let (_, answer) = site.ask("GET /api");
        assert!(
            answer.contains("\r\nStrict-Transport-Security: max-age=63072000\r\n"),
            "{answer}"
        );
    }
}

#[test]
fn more_connections_than_allowed_are_told_so() {
    for program in programs() {
        let upstream = Upstream::new();
        let settings = "  rate: 1000\n  burst: 1000\n  connections: 2\n";
        let site = Site::new(&program, upstream.port, settings);
        site.render(&[]).exits(0);
        let _nginx = site.serve();
        let (first, second) = (websocket(&site), websocket(&site));
        assert_eq!(site.ask("GET /api").0, 429, "{}", program.display());
        assert_eq!(upstream.heads().len(), 2, "it reaches nobody");
        drop(first);
        eventually("there is room again", || site.ask("GET /api").0 == 200);
        drop(second);
    }
}

#[test]
fn behind_cloudflare_each_client_has_limits_of_its_own() {
    for program in programs() {
        let upstream = Upstream::new();
        let settings = "  rate: 1\n  burst: 2\n  behind: cloudflare\n";
        let mut site = Site::new(&program, upstream.port, settings);
        site.render(&[]).exits(0);
        // This machine stands in for one of the networks on the list.
        site.instead = Some(("104.16.0.0/13", "127.0.0.0/8".to_owned()));
        let _nginx = site.serve();
        for client in ["192.0.2.7", "2001:db8::7"] {
            let request = format!("GET /api\r\nCF-Connecting-IP: {client}\r\n");
            let codes: Vec<u16> = (0..12).map(|_| site.ask(&request).0).collect();
            assert_eq!(codes[..3], [200, 200, 200], "{client}: {codes:?}");
            assert!(codes.contains(&429), "{client}: {codes:?}");
            let told = format!("x-real-ip: {client}\r\nx-forwarded-for: {client}\r\n");
            let last = upstream.heads().pop().expect("a request");
            assert!(last.contains(&told), "{last}");
        }
        let log = site.project.read("access.log");
        assert!(log.contains(r#""client":"2001:db8::7""#), "{log}");
    }
}
