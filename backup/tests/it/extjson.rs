//! Extended JSON keeps every type of BSON and the order of keys, in both directions.

use atlas_backup::extjson::{parse, write};
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{
    Binary, Bson, DateTime, Document, JavaScriptCodeWithScope, RawDocumentBuf, Regex, Timestamp,
    doc, oid::ObjectId,
};

fn written(document: &Document) -> String {
    let raw = RawDocumentBuf::try_from(document).unwrap();
    let mut text = String::new();
    write(&raw, &mut text).unwrap();
    text
}

/// Plain values of every type, and the text that stock mongodump writes for each.
fn values() -> Vec<(Bson, &'static str)> {
    let decimal: mongodb::bson::Decimal128 = "1.50".parse().unwrap();
    let id = ObjectId::parse_str("58ffb124b721bc6c3234333c").unwrap();
    vec![
        (1.0.into(), r#"{"$numberDouble":"1.0"}"#),
        ((-0.0).into(), r#"{"$numberDouble":"-0.0"}"#),
        (f64::NEG_INFINITY.into(), r#"{"$numberDouble":"-Infinity"}"#),
        (f64::NAN.into(), r#"{"$numberDouble":"NaN"}"#),
        ("a\"b\\\n\u{1}<é>".into(), r#""a\"b\\\n\u0001<é>""#),
        (
            doc! { "b": 1, "a": [] }.into(),
            r#"{"b":{"$numberInt":"1"},"a":[]}"#,
        ),
        (vec![2_i64].into(), r#"[{"$numberLong":"2"}]"#),
        (Bson::Undefined, r#"{"$undefined":true}"#),
        (id.into(), r#"{"$oid":"58ffb124b721bc6c3234333c"}"#),
        (true.into(), "true"),
        (
            DateTime::from_millis(-1).into(),
            r#"{"$date":{"$numberLong":"-1"}}"#,
        ),
        (Bson::Null, "null"),
        (decimal.into(), r#"{"$numberDecimal":"1.50"}"#),
        (Bson::MinKey, r#"{"$minKey":1}"#),
        (Bson::MaxKey, r#"{"$maxKey":1}"#),
    ]
}

/// Those with parts.
fn composed() -> Vec<(Bson, &'static str)> {
    let binary = |subtype| Binary {
        subtype,
        bytes: vec![1, 2],
    };
    let regex = Regex {
        pattern: "a/b".try_into().unwrap(),
        options: "im".try_into().unwrap(),
    };
    let scope = JavaScriptCodeWithScope {
        code: "f()".into(),
        scope: doc! { "x": 1 },
    };
    let stamp = Timestamp {
        time: 4_000_000_000,
        increment: 7,
    };
    vec![
        (
            binary(BinarySubtype::Uuid).into(),
            r#"{"$binary":{"base64":"AQI=","subType":"04"}}"#,
        ),
        (
            binary(BinarySubtype::BinaryOld).into(),
            r#"{"$binary":{"base64":"AQI=","subType":"02"}}"#,
        ),
        (
            regex.into(),
            r#"{"$regularExpression":{"pattern":"a/b","options":"im"}}"#,
        ),
        (Bson::JavaScriptCode("f()".into()), r#"{"$code":"f()"}"#),
        (Bson::Symbol("s".into()), r#"{"$symbol":"s"}"#),
        (
            scope.into(),
            r#"{"$code":"f()","$scope":{"x":{"$numberInt":"1"}}}"#,
        ),
        (stamp.into(), r#"{"$timestamp":{"t":4000000000,"i":7}}"#),
    ]
}

#[test]
fn every_type_goes_there_and_back() {
    for (value, text) in values().into_iter().chain(composed()) {
        let (document, text) = (doc! { "v": value }, format!("{{\"v\":{text}}}"));
        assert_eq!(written(&document), text);
        let back = parse(&text).unwrap();
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
            doc! { "v": DateTime::from_millis(1000) },
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
