//! The site as a container of the stack has it, with both nginxes: it finds the gateway by its name, again and again. A resolver of the test stands
//! in for Docker's; `stack` has the real one.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::live::{GENEROUS, Upstream, echoes};
use super::programs;
use super::rendered::in_a_container;
use super::server::Site;
use crate::engine::eventually;

/// A DNS server that has one address for every name (RFC 1035).
struct Resolver {
    port: u16,
    address: Arc<Mutex<Ipv4Addr>>,
}

impl Resolver {
    fn new(address: Ipv4Addr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let port = socket.local_addr().expect("it is bound").port();
        let address = Arc::new(Mutex::new(address));
        let now = Arc::clone(&address);
        std::thread::spawn(move || {
            let mut bytes = [0; 512];
            while let Ok((length, client)) = socket.recv_from(&mut bytes) {
                let address = *now.lock().expect("no thread panics");
                let _ = socket.send_to(&answer(&bytes[..length], address), client);
            }
        });
        Self { port, address }
    }
}

/// The question with one address of five minutes' life: `valid` of the configuration decides, not that.
fn answer(question: &[u8], address: Ipv4Addr) -> Vec<u8> {
    let mut answer = question.to_vec();
    // A response, recursion available, no error; one answer.
    answer[2..4].copy_from_slice(&[0x81, 0x80]);
    answer[6..8].copy_from_slice(&[0, 1]);
    answer.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4]);
    answer.extend(address.octets());
    answer
}

/// An address of this machine that no other run and no other test has.
fn address(number: u8) -> Ipv4Addr {
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 64 + number, high, low.clamp(1, 254))
}

#[test]
fn the_gateway_is_found_by_name_and_found_again_and_hears_no_h2c() {
    for (number, program) in programs().iter().enumerate() {
        let number = u8::try_from(number).expect("two programs") * 2;
        let (before, after) = (address(number), address(number + 1));
        // Inside its network the gateway's port is always this one.
        let first = Upstream::at((&before.to_string(), 8001));
        let resolver = Resolver::new(before);
        let settings = format!("{}{GENEROUS}", in_a_container(program));
        let mut site = Site::new(program, 8001, &settings);
        site.instead = Some(("127.0.0.11", format!("127.0.0.1:{}", resolver.port)));
        site.render(&[]).exits(0);
        let _nginx = site.serve();
        eventually("nginx finds the gateway", || site.ask("GET /api").0 == 200);
        let (asked, opened) = (
            first.heads().len(),
            first.connections.load(Ordering::SeqCst),
        );
        for _ in 0..30 {
            let claims = "GET /api/services\r\nUpgrade: h2c\r\nX-Real-IP: 192.0.2.9\r\n";
            assert_eq!(site.ask(claims).0, 200);
        }
        let heads = first.heads();
        assert_eq!(heads.len(), asked + 30, "the judge saw every request");
        let clean = |head: &String| !head.contains("upgrade") && !head.contains("192.0.2.9");
        assert!(heads.iter().all(clean), "{heads:?}");
        let opened = first.connections.load(Ordering::SeqCst) - opened;
        let keeps = site
            .project
            .read("nginx/atlas.conf")
            .contains("keepalive 16;");
        eprintln!(
            "{} by name: 30 requests, {opened} connections",
            program.display()
        );
        assert_eq!(opened <= 2, keeps, "{opened} connections for 30 requests");
        echoes(&site);
        assert!(
            first
                .heads()
                .last()
                .is_some_and(|head| head.contains("upgrade: websocket"))
        );

        let second = Upstream::at((&after.to_string(), 8001));
        *resolver.address.lock().expect("no thread panics") = after;
        let began = Instant::now();
        eventually("nginx finds the new gateway", || {
            site.ask("GET /api");
            !second.heads().is_empty()
        });
        let took = began.elapsed();
        eprintln!(
            "{} by name: found again after {took:.1?}",
            program.display()
        );
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
}
