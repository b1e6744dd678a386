//! Data like that of applications, the same for the same request: small events, orders of one kilobyte, profiles, pages, blobs.
//! Owns what is in it and how it gets there.

use std::error::Error;

use futures_util::stream::{self, StreamExt, TryStreamExt};
use mongodb::bson::{
    Binary, DateTime, Decimal128, Document, RawDocumentBuf, doc, oid::ObjectId, raw::RawArrayBuf,
    rawdoc, spec::BinarySubtype,
};
use mongodb::{Client, IndexModel, options::IndexOptions};

/// Makes one document from its number.
type Make = fn(&mut Random, u64) -> RawDocumentBuf;

/// A collection to fill.
struct Plan {
    db: &'static str,
    collection: String,
    /// Thousandths of all bytes.
    share: u64,
    make: Make,
    indexes: Vec<IndexModel>,
}

/// Fills the server with about `megabytes` of BSON.
pub(crate) async fn run(uri: &str, shape: &str, megabytes: u64) -> Result<(), Box<dyn Error>> {
    let client = Client::with_uri_str(uri).await?;
    let plans = match shape {
        "mixed" => mixed(),
        "one" => vec![plan("shop", "orders", 1000, order, order_indexes())],
        "many" => (0..200).map(many).collect(),
        _ => return Err(format!("no shape `{shape}`: mixed, one or many").into()),
    };
    for (seed, plan) in plans.iter().enumerate() {
        fill(&client, plan, megabytes * 1000 * plan.share, seed as u64).await?;
    }
    Ok(())
}

fn mixed() -> Vec<Plan> {
    let mut plans = vec![
        plan("shop", "orders", 400, order, order_indexes()),
        plan("shop", "events", 180, event, vec![index(doc! {"at": 1})]),
        plan(
            "shop",
            "customers",
            120,
            customer,
            vec![unique(doc! {"number": 1})],
        ),
        plan(
            "content",
            "pages",
            120,
            page,
            vec![index(doc! {"path": 1, "version": -1})],
        ),
        plan("content", "blobs", 80, blob, vec![]),
    ];
    plans.extend((0..50).map(|number| Plan {
        share: 2,
        ..many(number)
    }));
    plans
}

fn many(number: u64) -> Plan {
    plan(
        "tenants",
        &format!("t{number:03}"),
        5,
        customer,
        vec![index(doc! {"number": 1})],
    )
}

fn plan(
    db: &'static str,
    collection: &str,
    share: u64,
    make: Make,
    indexes: Vec<IndexModel>,
) -> Plan {
    Plan {
        db,
        collection: collection.to_owned(),
        share,
        make,
        indexes,
    }
}

fn index(keys: Document) -> IndexModel {
    IndexModel::builder().keys(keys).build()
}

fn unique(keys: Document) -> IndexModel {
    let options = IndexOptions::builder().unique(true).build();
    IndexModel::builder().keys(keys).options(options).build()
}

fn order_indexes() -> Vec<IndexModel> {
    vec![
        unique(doc! {"number": 1}),
        index(doc! {"customer": 1, "created": -1}),
    ]
}

async fn fill(client: &Client, plan: &Plan, bytes: u64, seed: u64) -> Result<(), Box<dyn Error>> {
    let collection = client
        .database(plan.db)
        .collection::<RawDocumentBuf>(&plan.collection);
    // Before the data, as an application's are: building them afterwards is faster, but nothing here is timed.
    if !plan.indexes.is_empty() {
        collection.create_indexes(plan.indexes.clone()).await?;
    }
    let mut random = Random::new(seed);
    let sample: usize = (0..16)
        .map(|number| (plan.make)(&mut random, number).as_bytes().len())
        .sum();
    let average = sample as u64 / 16;
    let documents = bytes / average + 1;
    let batch = (4_000_000 / average).clamp(1, 10_000);
    stream::iter((0..documents).step_by(batch as usize))
        .map(|first| {
            let collection = collection.clone();
            let make = plan.make;
            // A task of its own, so that making documents and sending them overlap on all cores.
            tokio::spawn(async move {
                let mut random = Random::new(seed << 40 | first);
                let numbers = first..(first + batch).min(documents);
                let made: Vec<_> = numbers.map(|number| make(&mut random, number)).collect();
                collection.insert_many(made).ordered(false).await
            })
        })
        .buffer_unordered(4)
        .try_for_each(|inserted| async { inserted.map(drop).map_err(|error| panic!("{error}")) })
        .await?;
    Ok(())
}

/// A generator of numbers that does not change with a dependency (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`.
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn words(&mut self, count: u64) -> String {
        let mut text = String::new();
        for _ in 0..count {
            if !text.is_empty() {
                text.push(' ');
            }
            // Short words are frequent and rare ones exist, as in any text.
            let word = self.below(64) * self.below(64);
            let mut rest = word * 2_654_435_761 % 11_881_376;
            for _ in 0..3 + word % 5 {
                text.push(char::from(b'a' + (rest % 26) as u8));
                rest /= 26;
            }
        }
        text
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count.div_ceil(8))
            .flat_map(|_| self.next().to_le_bytes())
            .take(count)
            .collect()
    }

    /// The `_id` of document `number`: ascending, as drivers make them.
    fn id(&mut self, number: u64) -> ObjectId {
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&(0x6500_0000 + (number >> 8) as u32).to_be_bytes());
        bytes[4..9].copy_from_slice(&[7, 3, 9, 1, 4]);
        bytes[9..].copy_from_slice(&(number as u32).to_be_bytes()[1..]);
        ObjectId::from_bytes(bytes)
    }

    fn date(&mut self) -> DateTime {
        DateTime::from_millis(1_700_000_000_000 + self.below(60_000_000_000) as i64)
    }

    fn state(&mut self) -> &'static str {
        ["new", "paid", "packed", "shipped", "delivered", "returned"][self.below(6) as usize]
    }
}

fn event(random: &mut Random, number: u64) -> RawDocumentBuf {
    rawdoc! {
        "_id": random.id(number),
        "at": random.date(),
        "kind": random.state(),
        "user": random.below(100_000) as i64,
        "value": random.below(1_000_000) as f64 / 128.0,
    }
}

fn order(random: &mut Random, number: u64) -> RawDocumentBuf {
    let mut items = RawArrayBuf::new();
    for _ in 0..2 + random.below(7) {
        items.push(rawdoc! {
            "sku": format!("{:08X}", random.below(1 << 20) * 4099),
            "title": random.words(5),
            "quantity": random.below(9) as i32 + 1,
            "price": Decimal128::from_bytes((0x303C_u128 << 112 | u128::from(random.below(99_999))).to_le_bytes()),
        });
    }
    let street = random.words(2);
    rawdoc! {
        "_id": random.id(number),
        "number": format!("A-{number:09}"),
        "customer": random.below(500_000) as i64,
        "created": random.date(),
        "state": random.state(),
        "paid": random.below(2) == 0,
        "items": items,
        "address": { "street": street, "city": random.words(1), "code": random.below(99_999) as i32, "location": { "type": "Point", "coordinates": [random.below(36_000) as f64 / 100.0 - 180.0, random.below(18_000) as f64 / 100.0 - 90.0] } },
        "note": random.words(8 + number % 24),
        "coupon": mongodb::bson::RawBson::Null,
    }
}

fn customer(random: &mut Random, number: u64) -> RawDocumentBuf {
    let name = random.words(2);
    rawdoc! {
        "_id": random.id(number),
        "number": number as i64,
        "name": name.clone(),
        "email": format!("{}@example.com", name.replace(' ', ".")),
        "born": random.date(),
        "tags": [random.state(), random.state()],
        "profile": { "bio": random.words(30), "theme": "dark", "scores": [random.below(100) as i32, random.below(100) as i32, random.below(100) as i32], "limits": { "daily": random.below(1000) as i64, "monthly": random.below(30_000) as i64 } },
        "secret": Binary { subtype: BinarySubtype::Generic, bytes: random.bytes(32) },
        "logins": [{ "at": random.date(), "from": random.words(1) }, { "at": random.date(), "from": random.words(1) }],
    }
}

fn page(random: &mut Random, number: u64) -> RawDocumentBuf {
    let words = 400 + random.below(2000);
    rawdoc! {
        "_id": random.id(number),
        "path": format!("/{}/{}/{number}", random.words(1), random.words(1)),
        "version": random.below(40) as i32,
        "title": random.words(6),
        "body": random.words(words),
        "edited": random.date(),
    }
}

/// 1 to 15 MiB (and sometimes the most that a server takes), half of it incompressible.
fn blob(random: &mut Random, number: u64) -> RawDocumentBuf {
    let size = match number % 8 {
        0 => 16 * 1024 * 1024 - 100,
        other => (other as usize * other as usize * 60_000) + 1_000_000,
    };
    let mut bytes = random.bytes(size / 2);
    bytes.resize(size, 7);
    rawdoc! { "_id": random.id(number), "name": random.words(2), "data": Binary { subtype: BinarySubtype::Generic, bytes } }
}
