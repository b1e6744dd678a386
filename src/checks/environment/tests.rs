//! What counts as weak.

use super::secrets::weakness;

#[test]
fn words_of_lists_short_and_monotonous_passwords_are_weak() {
    let said = |password| weakness(password).unwrap_or_default();
    let word = "is made of a word that every list of passwords holds";
    for password in [
        "password",
        "Password123",
        "changeme!",
        "_secret_2024",
        "mongodb",
    ] {
        assert_eq!(said(password), word, "{password}");
    }
    assert_eq!(said("h7Kq2x"), "has 6 letters; 12 are the least");
    assert_eq!(said("abababababababab"), "has only 2 different letters");
    for password in [
        "correct horse battery",
        "kZ8sB2mQ4tR6",
        "W9qXcV2nM5bL8kJ3hG6f",
    ] {
        assert_eq!(weakness(password), None);
    }
}
