//! Patterns of namespaces: what they match, and what renaming makes of a name.

use atlas_backup::mongo::pattern::{Pattern, Rename};

fn matches(pattern: &str, namespace: &str) -> bool {
    Pattern::parse(pattern).unwrap().matches(namespace)
}

fn renamed(from: &str, to: &str, namespace: &str) -> Option<String> {
    Rename::parse(from, to).unwrap().apply(namespace)
}

#[test]
fn a_star_stands_for_any_text_dots_included() {
    assert!(matches("shop.orders", "shop.orders"));
    assert!(!matches("shop.orders", "shop.orders2"));
    assert!(matches("shop.*", "shop.orders"));
    assert!(matches("shop.*", "shop.orders.2026"));
    assert!(!matches("shop.*", "shopping.orders"));
    assert!(matches("*.orders", "shop.orders"));
    assert!(!matches("*.orders", "shop.reorders.x"));
    assert!(matches("*", "shop.orders"));
    assert!(matches("s*p.o*s", "shop.orders"));
    assert!(!matches("s*p.o*s", "shop.order"));
    assert!(matches("a*ba", "a.bba"));
    assert!(
        !matches("a.b*b", "a.b"),
        "the first and the last `b` are two"
    );
}

#[test]
fn a_backslash_makes_a_star_a_star() {
    assert!(matches(r"shop.\*", "shop.*"));
    assert!(!matches(r"shop.\*", "shop.orders"));
    assert!(matches(r"shop.a\\b", r"shop.a\b"));
}

#[test]
fn renaming_fills_the_stars_in_order() {
    let is = |name: &str| Some(name.to_owned());
    assert_eq!(
        renamed("shop.orders", "old.sold", "shop.orders"),
        is("old.sold")
    );
    assert_eq!(renamed("shop.*", "old.*", "shop.orders"), is("old.orders"));
    assert_eq!(renamed("*.a_*", "*.b_*", "x.a_1"), is("x.b_1"));
    assert_eq!(renamed("*.*", "copy_*.*", "shop.a.b"), is("copy_shop.a.b"));
    assert_eq!(renamed("shop.*", "old.*", "other.orders"), None);
}

#[test]
fn what_is_no_pattern_says_why() {
    let error = Pattern::parse("shop").unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to read the pattern `shop`: it names no collection"
    );
    assert_eq!(error.hint.unwrap(), "write `shop.*` for all of a database");
    assert_eq!(
        Pattern::parse("").unwrap_err().to_string(),
        "failed to read the pattern ``: it is empty"
    );
    assert_eq!(
        Pattern::parse(r"a.b\").unwrap_err().to_string(),
        r"failed to read the pattern `a.b\`: it ends in a lone `\`"
    );
    assert_eq!(
        Rename::parse("shop.*", "old.sold").unwrap_err().to_string(),
        "failed to read the pattern `old.sold`: it has not as many `*` as `shop.*`"
    );
}
