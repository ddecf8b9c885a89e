// The Node.js driver, doing the tasks of the benchmark: URI TASK N.
import { MongoClient } from "mongodb";

import { latencies, parseArguments, startWatch } from "./program.mjs";

const manyDocuments = 10_000;
// As many as the bare loop and the other clients have.
const connections = 64;

let seen = 0;

function makeSmalls() {
    let state = 1;
    const next = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
    const text = (length) =>
        Array.from({ length }, () => String.fromCharCode(97 + ((next() >>> 16) % 26))).join("");
    return Array.from({ length: manyDocuments }, () => {
        const made = {};
        for (let field = 0; field < 7; ++field) {
            made[`field${field}`] = text(field === 6 ? 14 : 15);
        }
        for (let field = 7; field < 13; ++field) {
            made[`field${field}`] = (next() >>> 4) % 100_000_000;
        }
        return made;
    });
}

function read(document) {
    if (!(document?.created_at?.length > 0)) {
        throw new Error("not the documents that were asked for");
    }
    seen += document._id + document.created_at.length;
}

async function findOne({ database }, count) {
    const one = database.collection("one");
    for (let at = 0; at < count; ++at) {
        const began = latencies.begin();
        read(await one.findOne({ _id: 1 }));
        latencies.end(began);
    }
}

const tasks = {
    async ping({ client }, count) {
        const admin = client.db("admin");
        for (let at = 0; at < count; ++at) {
            await admin.command({ ping: 1 });
        }
    },
    find_one: findOne,
    async find_many({ database }, count) {
        const many = database.collection("many");
        for (let at = 0; at < count; ++at) {
            let visited = 0;
            for await (const document of many.find({})) {
                read(document);
                ++visited;
            }
            if (visited !== manyDocuments) {
                throw new Error("not the documents that were asked for");
            }
        }
    },
    async insert_one({ database, smalls }, count) {
        const inserted = database.collection("inserted");
        for (let at = 0; at < count; ++at) {
            // A copy: the driver writes its _id into what it is given.
            await inserted.insertOne({ ...smalls[0] });
        }
    },
    async insert_many({ database, smalls }, count) {
        const inserted = database.collection("inserted");
        for (let at = 0; at < count; ++at) {
            const done = await inserted.insertMany(smalls.map((small) => ({ ...small })));
            if (done.insertedCount !== manyDocuments) {
                throw new Error("not all were inserted");
            }
        }
    },
    async conc(on, count) {
        await Promise.all(Array.from({ length: on.concurrency }, () => findOne(on, count)));
    },
};

async function main() {
    const given = parseArguments();
    const task = tasks[given.task];
    if (task === undefined) {
        throw new Error(`no task ${given.task}`);
    }
    const client = await new MongoClient(given.uri, { maxPoolSize: connections }).connect();
    const on = {
        client,
        database: client.db("bench"),
        concurrency: given.concurrency,
        smalls: given.task.startsWith("insert") ? makeSmalls() : [],
    };
    await task(on, given.warmUp);
    latencies.taken = [];
    const printResult = startWatch();
    await task(on, given.count);
    printResult(given.count * given.concurrency);
    latencies.write();
    await client.close();
}

main().catch((why) => {
    console.error(`node: ${why.message}`);
    process.exit(1);
});
