//! The tasks. What is read is what every program reads: `_id` and `created_at` of each document.
use std::hint::black_box;

use futures_util::StreamExt;
use mongodb::bson::{doc, Document, RawDocumentBuf};
use mongodb::options::ClientOptions;
use mongodb::{Client, Collection};
use serde::{Deserialize, Serialize};

use crate::latencies;
use crate::program::Arguments;

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const MANY_DOCUMENTS: usize = 10_000;
/// As many as the bare loop and the other clients have.
const CONNECTIONS: u32 = 64;

#[derive(Serialize, Clone, Default)]
struct Small {
    field0: String,
    field1: String,
    field2: String,
    field3: String,
    field4: String,
    field5: String,
    field6: String,
    field7: i32,
    field8: i32,
    field9: i32,
    field10: i32,
    field11: i32,
    field12: i32,
}

/// What a program takes of a tweet.
#[derive(Deserialize)]
#[allow(dead_code)]
struct Tweet {
    _id: i32,
    retweet_count: i32,
    created_at: String,
    favorited: bool,
    text: String,
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0 >> 33
    }
    fn text(&mut self, length: usize) -> String {
        (0..length).map(|_| (b'a' + (self.next() % 26) as u8) as char).collect()
    }
    fn number(&mut self) -> i32 {
        (self.next() % 100_000_000) as i32
    }
}

fn make_small(random: &mut Random) -> Small {
    Small {
        field0: random.text(15),
        field1: random.text(15),
        field2: random.text(15),
        field3: random.text(15),
        field4: random.text(15),
        field5: random.text(15),
        field6: random.text(14),
        field7: random.number(),
        field8: random.number(),
        field9: random.number(),
        field10: random.number(),
        field11: random.number(),
        field12: random.number(),
    }
}

fn wrong() -> Box<dyn std::error::Error + Send + Sync> {
    "not the documents that were asked for".into()
}

fn read(found: &Document) -> Result<()> {
    black_box((found.get_i32("_id")?, found.get_str("created_at")?.len()));
    Ok(())
}

fn read_raw(found: &RawDocumentBuf) -> Result<()> {
    black_box((found.get_i32("_id")?, found.get_str("created_at")?.len()));
    Ok(())
}

fn read_struct(found: &Tweet) -> Result<()> {
    black_box((found._id, found.created_at.len()));
    Ok(())
}

pub struct Fixture {
    client: Client,
    task: String,
    raw: bool,
    concurrency: u64,
    smalls: Vec<Small>,
}

impl Fixture {
    pub async fn connect(given: &Arguments) -> Result<Self> {
        let mut options = ClientOptions::parse(&given.uri).await?;
        options.max_pool_size = Some(CONNECTIONS);
        let mut random = Random(1);
        Ok(Self {
            client: Client::with_options(options)?,
            task: given.task.clone(),
            raw: std::env::var("PEER_RAW").is_ok_and(|value| value == "1"),
            concurrency: given.concurrency,
            // Made before the clock starts, as a program has its data.
            smalls: (0..MANY_DOCUMENTS).map(|_| make_small(&mut random)).collect(),
        })
    }

    pub async fn run(&self, count: u64) -> Result<()> {
        let raw = self.raw;
        match self.task.as_str() {
            "ping" => self.ping(count).await,
            "find_one" if raw => find_one(self.collection("one"), read_raw, count).await,
            "find_one" => find_one(self.collection("one"), read, count).await,
            "find_one_struct" => find_one(self.collection("one"), read_struct, count).await,
            "insert_one" => self.insert_one(count).await,
            "find_many" if raw => find_many(self.collection("many"), read_raw, count).await,
            "find_many" => find_many(self.collection("many"), read, count).await,
            "find_many_struct" => find_many(self.collection("many"), read_struct, count).await,
            "insert_many" => self.insert_many(count).await,
            "conc" => self.concurrently(count).await,
            other => Err(format!("no task {other}").into()),
        }
    }

    fn collection<T: Send + Sync>(&self, name: &str) -> Collection<T> {
        self.client.database("bench").collection(name)
    }

    async fn ping(&self, count: u64) -> Result<()> {
        let admin = self.client.database("admin");
        for _ in 0..count {
            admin.run_command(doc! { "ping": 1 }).await?;
        }
        Ok(())
    }

    async fn insert_one(&self, count: u64) -> Result<()> {
        let inserted: Collection<Small> = self.collection("inserted");
        for _ in 0..count {
            inserted.insert_one(&self.smalls[0]).await?;
        }
        Ok(())
    }

    async fn insert_many(&self, count: u64) -> Result<()> {
        let inserted: Collection<Small> = self.collection("inserted");
        for _ in 0..count {
            let done = inserted.insert_many(&self.smalls).await?;
            if done.inserted_ids.len() != MANY_DOCUMENTS {
                return Err(wrong());
            }
        }
        Ok(())
    }

    async fn concurrently(&self, count: u64) -> Result<()> {
        let mut each = Vec::new();
        for _ in 0..self.concurrency {
            each.push(if self.raw {
                tokio::spawn(find_one(self.collection("one"), read_raw, count))
            } else {
                tokio::spawn(find_one(self.collection("one"), read, count))
            });
        }
        for one in each {
            one.await??;
        }
        Ok(())
    }
}

async fn find_one<T>(one: Collection<T>, read: fn(&T) -> Result<()>, count: u64) -> Result<()>
where
    T: for<'a> Deserialize<'a> + Send + Sync,
{
    for _ in 0..count {
        let began = latencies::begin();
        let found = one.find_one(doc! { "_id": 1 }).await?.ok_or_else(wrong)?;
        read(&found)?;
        latencies::end(began);
    }
    Ok(())
}

async fn find_many<T>(many: Collection<T>, read: fn(&T) -> Result<()>, count: u64) -> Result<()>
where
    T: for<'a> Deserialize<'a> + Send + Sync + Unpin,
{
    for _ in 0..count {
        let mut cursor = many.find(doc! {}).await?;
        let mut visited = 0;
        while let Some(found) = cursor.next().await {
            read(&found?)?;
            visited += 1;
        }
        if visited != MANY_DOCUMENTS {
            return Err(wrong());
        }
    }
    Ok(())
}
