//! The Rust driver, doing the tasks of the benchmark: URI TASK N.
//!
//! PEER_RAW=1 reads raw documents (views of the reply) where documents are read.
mod latencies;
mod program;
mod tasks;

#[tokio::main]
async fn main() {
    let given = match program::Arguments::parse() {
        Some(given) => given,
        None => std::process::exit(2),
    };
    if let Err(why) = run(&given).await {
        eprintln!("rust: {why}");
        std::process::exit(1);
    }
}

async fn run(given: &program::Arguments) -> tasks::Result<()> {
    let on = tasks::Fixture::connect(given).await?;
    if given.warm_up != 0 {
        on.run(given.warm_up).await?;
    }
    latencies::clear();
    let watch = program::Stopwatch::start();
    on.run(given.count).await?;
    watch.print_result(given.count * given.concurrency);
    latencies::write()?;
    Ok(())
}
