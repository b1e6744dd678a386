//! What is refused, and what a record knows. That the controller's own arithmetic opens what is sealed is shown in
//! `tests/it/kubernetes/sealed.rs`, by an implementation that is not ours.

use super::{Certificate, Record, SealingError};
use crate::model::Secret;

const RSA: &[u8] = include_bytes!("tests/rsa.pem");
const OTHER: &[u8] = include_bytes!("tests/other.pem");

#[test]
fn only_a_certificate_of_rsa_is_taken() {
    let refusal = |pem: &[u8]| Certificate::parse(pem).map(|_| ()).expect_err("refused");
    assert_eq!(
        refusal(b"-----BEGIN NOTHING-----"),
        SealingError::NoCertificate
    );
    assert_eq!(refusal(include_bytes!("tests/ec.pem")), SealingError::NoRsa);
    assert_eq!(
        refusal(include_bytes!("tests/short.pem")),
        SealingError::NoRsa
    );
    assert!(Certificate::parse(RSA).is_ok());
}

#[test]
fn the_same_value_is_never_sealed_to_the_same_text() {
    let certificate = Certificate::parse(RSA).expect("a certificate");
    let value = Secret::new("hunter2");
    let seal = || certificate.seal("atlas/gateway", &value).expect("sealed");
    let (one, two) = (seal(), seal());
    assert_ne!(one, two);
    assert!(certificate.may_hold(&one, &value) && certificate.may_hold(&two, &value));
    assert!(
        !certificate.may_hold(&one, &Secret::new("hunter22")),
        "too short"
    );
    assert!(!certificate.may_hold("", &value) && !certificate.may_hold("AgA=", &value));
}

#[test]
fn a_record_knows_a_value_for_a_place_and_a_certificate_and_tells_nobody() {
    let certificate = Certificate::parse(RSA).expect("a certificate");
    let other = Certificate::parse(OTHER).expect("a certificate");
    let value = Secret::new("hunter2");
    let mut record = Record::parse(None).expect("random numbers");
    let place = "atlas/gateway/key";
    assert!(!record.knows(place));
    record.note(place, &certificate, &value, "AgB");
    let record = Record::parse(Some(&record.text())).expect("read");
    assert!(record.holds(place, &certificate, &value, "AgB"));
    assert!(!record.holds("atlas/gateway/other", &certificate, &value, "AgB"));
    assert!(!record.holds(place, &other, &value, "AgB"));
    assert!(!record.holds(place, &certificate, &Secret::new("hunter3"), "AgB"));
    assert!(!record.holds(place, &certificate, &value, "AgC"));
    assert!(!record.text().contains("hunter2"));
    let text = record.text();
    for broken in ["", "{", "{\"key\": \"ab\", \"sealed\": {}}"] {
        let fresh = Record::parse(Some(broken)).expect("random numbers");
        assert!(!fresh.knows(place) && fresh.text() != text, "{broken}");
    }
}
