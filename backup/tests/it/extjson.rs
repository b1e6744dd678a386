//! Extended JSON keeps every type of BSON and the order of keys, in both directions.

use atlas_backup::extjson::{parse, write};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document, RawDocumentBuf, Regex, Timestamp, doc, oid::ObjectId};

fn written(document: &Document) -> String {
    let raw = RawDocumentBuf::try_from(document).unwrap();
    let mut text = String::new();
    write(&raw, &mut text).unwrap();
    text
}

/// Every type, and the text that stock mongodump writes for it.
fn every_type() -> Vec<(Document, &'static str)> {
    let id = ObjectId::parse_str("58ffb124b721bc6c3234333c").unwrap();
    vec![
        (doc! { "v": 1.0 }, r#"{"v":{"$numberDouble":"1.0"}}"#),
        (doc! { "v": -0.0 }, r#"{"v":{"$numberDouble":"-0.0"}}"#),
        (
            doc! { "v": f64::NEG_INFINITY },
            r#"{"v":{"$numberDouble":"-Infinity"}}"#,
        ),
        (doc! { "v": f64::NAN }, r#"{"v":{"$numberDouble":"NaN"}}"#),
        (
            doc! { "v": "a\"b\\\n\u{1}<é>" },
            r#"{"v":"a\"b\\\n\u0001<é>"}"#,
        ),
        (
            doc! { "v": { "b": 1, "a": [] } },
            r#"{"v":{"b":{"$numberInt":"1"},"a":[]}}"#,
        ),
        (
            doc! { "v": [1, 2_i64] },
            r#"{"v":[{"$numberInt":"1"},{"$numberLong":"2"}]}"#,
        ),
        (
            doc! { "v": Binary { subtype: BinarySubtype::Uuid, bytes: vec![1, 2] } },
            r#"{"v":{"$binary":{"base64":"AQI=","subType":"04"}}}"#,
        ),
        (
            doc! { "v": Binary { subtype: BinarySubtype::BinaryOld, bytes: vec![1, 2] } },
            r#"{"v":{"$binary":{"base64":"AQI=","subType":"02"}}}"#,
        ),
        (
            doc! { "v": Bson::Undefined },
            r#"{"v":{"$undefined":true}}"#,
        ),
        (
            doc! { "v": id },
            r#"{"v":{"$oid":"58ffb124b721bc6c3234333c"}}"#,
        ),
        (doc! { "v": true }, r#"{"v":true}"#),
        (
            doc! { "v": mongodb::bson::DateTime::from_millis(-1) },
            r#"{"v":{"$date":{"$numberLong":"-1"}}}"#,
        ),
        (doc! { "v": Bson::Null }, r#"{"v":null}"#),
        (
            doc! { "v": Regex { pattern: "a/b".try_into().unwrap(), options: "im".try_into().unwrap() } },
            r#"{"v":{"$regularExpression":{"pattern":"a/b","options":"im"}}}"#,
        ),
        (
            doc! { "v": Bson::JavaScriptCode("f()".into()) },
            r#"{"v":{"$code":"f()"}}"#,
        ),
        (
            doc! { "v": Bson::Symbol("s".into()) },
            r#"{"v":{"$symbol":"s"}}"#,
        ),
        (
            doc! { "v": Bson::JavaScriptCodeWithScope(mongodb::bson::JavaScriptCodeWithScope {
                code: "f()".into(), scope: doc! { "x": 1 },
            }) },
            r#"{"v":{"$code":"f()","$scope":{"x":{"$numberInt":"1"}}}}"#,
        ),
        (
            doc! { "v": Timestamp { time: 4_000_000_000, increment: 7 } },
            r#"{"v":{"$timestamp":{"t":4000000000,"i":7}}}"#,
        ),
        (
            doc! { "v": "1.50".parse::<mongodb::bson::Decimal128>().unwrap() },
            r#"{"v":{"$numberDecimal":"1.50"}}"#,
        ),
        (
            doc! { "v": Bson::MinKey, "w": Bson::MaxKey },
            r#"{"v":{"$minKey":1},"w":{"$maxKey":1}}"#,
        ),
    ]
}

#[test]
fn every_type_goes_there_and_back() {
    for (document, text) in every_type() {
        assert_eq!(written(&document), text);
        let back = parse(text).unwrap();
        assert_eq!(back, RawDocumentBuf::try_from(&document).unwrap(), "{text}");
    }
}

#[test]
fn database_pointers_go_there_and_back() {
    let text = r#"{"v":{"$dbPointer":{"$ref":"a.b","$id":{"$oid":"58ffb124b721bc6c3234333c"}}}}"#;
    let mut back = String::new();
    write(&parse(text).unwrap(), &mut back).unwrap();
    assert_eq!(back, text);
}

#[test]
fn the_order_and_repetition_of_keys_are_kept() {
    let text = r#"{"z":true,"a":false,"m":{"b":null,"a":null},"z":null}"#;
    let mut back = String::new();
    write(&parse(text).unwrap(), &mut back).unwrap();
    assert_eq!(back, text);
}

#[test]
fn relaxed_and_old_texts_are_read() {
    let cases = [
        (r#"{"v":2}"#, doc! { "v": 2 }),
        (r#"{"v":2147483648}"#, doc! { "v": 2_147_483_648_i64 }),
        (r#"{"v":2.5}"#, doc! { "v": 2.5 }),
        (
            r#"{"v":{"$date":"1970-01-01T00:00:01Z"}}"#,
            doc! { "v": mongodb::bson::DateTime::from_millis(1000) },
        ),
        (
            r#"{"v":{"$binary":"AQI=","$type":"00"}}"#,
            doc! { "v": Binary { subtype: BinarySubtype::Generic, bytes: vec![1, 2] } },
        ),
    ];
    for (text, document) in cases {
        assert_eq!(
            parse(text).unwrap(),
            RawDocumentBuf::try_from(&document).unwrap(),
            "{text}"
        );
    }
}

#[test]
fn query_operators_stay_documents() {
    let text = r#"{"$and":[{"a":{"$regex":"x","$options":"i"}},{"d":{"$date":{}}},{"$jsonSchema":{"$oid":"no"}}]}"#;
    let mut back = String::new();
    write(&parse(text).unwrap(), &mut back).unwrap();
    assert_eq!(back, text);
}

#[test]
fn what_is_no_document_is_refused() {
    let refused = |text: &str| parse(text).unwrap_err().to_string();
    assert_eq!(
        refused("[]"),
        "failed to read `extended JSON`: it is not an object"
    );
    assert_eq!(
        refused(r#"{"a\u0000b":1}"#),
        "failed to read `extended JSON`: the key or pattern \"a\\0b\" holds a nul"
    );
    assert!(refused(r#"{"a":"#).contains("EOF"));
}
