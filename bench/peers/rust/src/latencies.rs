//! How long each find_one takes, where the environment's LATENCIES names a file for it.
use std::io::Write;
use std::sync::{LazyLock, Mutex};
use std::time::Instant;

static PATH: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("LATENCIES").ok());
static TAKEN: Mutex<Vec<u128>> = Mutex::new(Vec::new());

pub fn begin() -> Option<Instant> {
    PATH.as_ref().map(|_| Instant::now())
}

pub fn end(began: Option<Instant>) {
    if let (Some(began), Ok(mut taken)) = (began, TAKEN.lock()) {
        taken.push(began.elapsed().as_nanos());
    }
}

/// Forgets those of the warm-up.
pub fn clear() {
    if let Ok(mut taken) = TAKEN.lock() {
        taken.clear();
    }
}

pub fn write() -> std::io::Result<()> {
    if let (Some(path), Ok(taken)) = (PATH.as_ref(), TAKEN.lock()) {
        let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
        for one in taken.iter() {
            writeln!(file, "{one}")?;
        }
    }
    Ok(())
}
