//! The command line and the closing line that all programs of the benchmark share.
use std::time::Instant;

pub struct Arguments {
    pub uri: String,
    pub task: String,
    pub concurrency: u64,
    pub count: u64,
    pub warm_up: u64,
}

impl Arguments {
    pub fn parse() -> Option<Self> {
        let words: Vec<String> = std::env::args().collect();
        if words.len() != 4 {
            eprintln!("usage: {} URI TASK N", words[0]);
            return None;
        }
        let (task, concurrency) = match words[2].split_once(':') {
            Some((task, many)) => (task.to_string(), many.parse().ok()?),
            None => (words[2].clone(), 1),
        };
        let count: u64 = words[3].parse().ok()?;
        let cold = std::env::var("NOWARM").is_ok_and(|value| value == "1");
        let warm_up = if cold { 0 } else { (count / 10).max(1) };
        Some(Self { uri: words[1].clone(), task, concurrency, count, warm_up })
    }
}

fn cpu() -> (f64, f64) {
    let mut used: libc::rusage = unsafe { std::mem::zeroed() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut used) };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    (seconds(used.ru_utime), seconds(used.ru_stime))
}

/// The peak, in kB. Not ru_maxrss: that one keeps what the process was before its exec.
fn peak_rss() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

pub struct Stopwatch {
    began: Instant,
    used: (f64, f64),
}

impl Stopwatch {
    pub fn start() -> Self {
        Self { used: cpu(), began: Instant::now() }
    }

    pub fn print_result(&self, operations: u64) {
        let wall = self.began.elapsed().as_secs_f64();
        let (user, system) = cpu();
        println!(
            "RESULT {operations} {wall:.6} {:.6} {:.6} {}",
            user - self.used.0,
            system - self.used.1,
            peak_rss()
        );
    }
}
