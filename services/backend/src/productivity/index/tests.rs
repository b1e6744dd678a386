//! The index alone: what is kept, forgotten, found, and what becomes of a broken one.

use std::fs;

use super::*;
use crate::productivity::words::Query;

fn stamp(size: i64) -> Stamp {
    Stamp {
        size,
        modified: 1,
        changed: 1,
        inode: 1,
    }
}

fn put(index: &mut Index, path: &str, text: &str) {
    let known = index
        .known("notes", path.as_bytes())
        .unwrap()
        .map(|known| known.id);
    let documents = [Document {
        text: text.to_owned(),
        ..Document::default()
    }];
    let entry = Entry {
        folder: "notes",
        path: path.as_bytes(),
        stamp: stamp(1),
        outcome: "read",
        kind: "text",
        title: path,
        documents: &documents,
    };
    index.put(known, &entry).unwrap();
    index.commit().unwrap();
}

fn found(folder: &Path, words: &str) -> Vec<String> {
    let readers = Readers::new(folder);
    let (reader, _) = readers.take().unwrap();
    let found = readers
        .search(&reader, &Query::of(words).unwrap(), &Filters::default(), 10)
        .unwrap();
    found.into_iter().map(|found| found.title).collect()
}

#[test]
fn documents_with_all_words_come_first_and_scores_fall() {
    let folder = tempfile::tempdir().unwrap();
    let (mut index, new) = Index::open(folder.path(), "s").unwrap();
    assert!(new);
    index.begin_pass().unwrap();
    put(&mut index, "a.txt", "the budget of the year");
    put(&mut index, "b.txt", "a roadmap");
    put(&mut index, "c.txt", "the roadmap and the budgets");
    put(&mut index, "d.txt", "Ｎothing, naïve 東京都");
    let readers = Readers::new(folder.path());
    let (reader, _) = readers.take().unwrap();
    let hits = readers
        .search(
            &reader,
            &Query::of("budget roadmap").unwrap(),
            &Filters::default(),
            10,
        )
        .unwrap();
    assert_eq!(hits[0].title, "c.txt");
    assert_eq!(hits.len(), 3);
    assert_eq!(hits[0].score, 1.0);
    assert!(
        hits.windows(2)
            .all(|pair| pair[0].score >= pair[1].score && pair[1].score > 0.0)
    );
    for (words, title) in [
        ("NAIVE", "d.txt"),
        ("京都", "d.txt"),
        ("budg year", "a.txt"),
    ] {
        assert_eq!(found(folder.path(), words)[0], title, "{words}");
    }
    assert!(
        found(folder.path(), "京東").is_empty(),
        "a word of two characters is a phrase"
    );
}

#[test]
fn what_a_pass_has_not_seen_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let (mut index, _) = Index::open(folder.path(), "s").unwrap();
    index.begin_pass().unwrap();
    put(&mut index, "a.txt", "alpha");
    put(&mut index, "b.txt", "beta");
    index.begin_pass().unwrap();
    assert_eq!(
        index.known("notes", b"a.txt").unwrap().unwrap().stamp,
        stamp(1)
    );
    index.forget_unseen("notes").unwrap();
    index.commit().unwrap();
    assert_eq!(index.documents(), 1);
    assert_eq!(
        (
            found(folder.path(), "alpha").len(),
            found(folder.path(), "beta").len()
        ),
        (1, 0)
    );
    index.forget_folders_but(&["others"]).unwrap();
    index.commit().unwrap();
    assert_eq!(index.documents(), 0);
    index.verify().unwrap();
}

#[test]
fn an_index_is_kept_if_it_is_ours_and_made_anew_if_not() {
    let folder = tempfile::tempdir().unwrap();
    let begin = |settings: &str| {
        let (mut index, new) = Index::open(folder.path(), settings).unwrap();
        index.begin_pass().unwrap();
        put(&mut index, "a.txt", "alpha");
        (index.documents(), new)
    };
    assert_eq!(begin("s"), (1, true));
    assert_eq!(begin("s"), (1, false));
    assert_eq!(begin("other settings"), (1, true));
    let sqlite = |sql: &str| {
        Connection::open(folder.path().join(FILE))
            .unwrap()
            .execute_batch(sql)
            .unwrap()
    };
    sqlite("PRAGMA user_version = 99");
    assert_eq!(begin("other settings"), (1, true));
    sqlite("DROP TABLE documents");
    assert_eq!(begin("other settings"), (1, true));
    fs::write(
        folder.path().join(FILE),
        "no index at all, but long enough to be taken for one".repeat(99),
    )
    .unwrap();
    assert_eq!(begin("other settings"), (1, true));
    fs::write(folder.path().join(FILE), "").unwrap();
    assert_eq!(begin("other settings"), (1, true));
}

#[test]
fn damage_anywhere_is_found_or_harmless_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    {
        let (mut index, _) = Index::open(folder.path(), "s").unwrap();
        index.begin_pass().unwrap();
        for number in 0..300 {
            put(
                &mut index,
                &format!("{number}.txt"),
                &format!("alpha beta{number} {}", "gamma ".repeat(number)),
            );
        }
    }
    let whole = fs::read(folder.path().join(FILE)).unwrap();
    let mut noticed = 0;
    for page in 0..whole.len() / 4096 {
        let mut damaged = whole.clone();
        damaged[page * 4096 + 100..page * 4096 + 400].fill(0xA5);
        remove(folder.path()).unwrap();
        fs::write(folder.path().join(FILE), damaged).unwrap();
        let verdict =
            Index::open(folder.path(), "s").and_then(|(index, new)| index.verify().map(|()| new));
        match verdict {
            Ok(new) => noticed += usize::from(new),
            Err(IndexError::Damaged(_)) => noticed += 1,
            Err(error) => panic!("page {page}: {error}"),
        }
    }
    assert!(noticed * 2 > whole.len() / 4096, "{noticed}");
}
