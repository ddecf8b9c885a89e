// The command line and the closing line that all programs of the benchmark share.
import { readFileSync, writeFileSync } from "node:fs";

export function parseArguments() {
    const [uri, taskName, n] = process.argv.slice(2);
    const count = Number(n);
    if (process.argv.length !== 5 || !(count > 0)) {
        throw new Error(`usage: ${process.argv[1]} URI TASK N`);
    }
    const [task, many] = taskName.split(":");
    const cold = process.env.NOWARM === "1";
    return {
        uri,
        task,
        concurrency: many === undefined ? 1 : Number(many),
        count,
        warmUp: cold ? 0 : Math.max(Math.floor(count / 10), 1),
    };
}

// How long each find_one takes, where the environment's LATENCIES names a file for it.
export const latencies = {
    path: process.env.LATENCIES,
    taken: [],
    begin() {
        return this.path === undefined ? 0n : process.hrtime.bigint();
    },
    end(began) {
        if (this.path !== undefined) {
            this.taken.push(process.hrtime.bigint() - began);
        }
    },
    write() {
        if (this.path !== undefined) {
            writeFileSync(this.path, `${this.taken.join("\n")}\n`);
        }
    },
};

// The peak, in kB. Not maxRSS: that one keeps what the process was before its exec.
function peakRss() {
    const found = /^VmHWM:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"));
    return found ? found[1] : "0";
}

export function startWatch() {
    const used = process.cpuUsage();
    const began = process.hrtime.bigint();
    return (operations) => {
        const wall = Number(process.hrtime.bigint() - began) / 1e9;
        const { user, system } = process.cpuUsage(used);
        const figures = [wall, user / 1e6, system / 1e6].map((value) => value.toFixed(6)).join(" ");
        console.log(`RESULT ${operations} ${figures} ${peakRss()}`);
    };
}
