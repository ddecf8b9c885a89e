/* libmongoc, doing the tasks of the benchmark: URI TASK N. */
#include <mongoc/mongoc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { many_documents = 10000, small_fields = 13, most_connections = 64 };

/* The small documents' values: made before the clock starts, as a program has its data. */
struct small {
    char text[7][16];
    int32_t number[6];
};

static struct small* smalls;
static volatile uint64_t seen; /* keeps the reads from being optimised away */

static void fail(const char* what, const bson_error_t* error) {
    fprintf(stderr, "libmongoc: %s: %s\n", what, error ? error->message : "wrong result");
    exit(1);
}

static void make_smalls(void) {
    uint64_t state = 1;
    smalls = malloc(sizeof *smalls * many_documents);
    for (int at = 0; at < many_documents; ++at) {
        for (int field = 0; field < 7; ++field) {
            const int length = field == 6 ? 14 : 15;
            for (int letter = 0; letter < length; ++letter) {
                state = state * 6364136223846793005u + 1442695040888963407u;
                smalls[at].text[field][letter] = (char)('a' + (state >> 59) % 26);
            }
            smalls[at].text[field][length] = '\0';
        }
        for (int field = 0; field < 6; ++field) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            smalls[at].number[field] = (int32_t)(state >> 37);
        }
    }
}

static void append_small(bson_t* to, const struct small* from) {
    static const char* const names[small_fields] = {
        "field0", "field1", "field2", "field3",  "field4",  "field5", "field6",
        "field7", "field8", "field9", "field10", "field11", "field12"};
    for (int field = 0; field < 7; ++field) {
        BSON_APPEND_UTF8(to, names[field], from->text[field]);
    }
    for (int field = 0; field < 6; ++field) {
        BSON_APPEND_INT32(to, names[7 + field], from->number[field]);
    }
}

/* `_id` and one named field of a document, in one walk. */
static void read_document(const bson_t* document) {
    bson_iter_t iter;
    uint32_t length = 0;
    if (!bson_iter_init(&iter, document) || !bson_iter_find(&iter, "_id")) {
        fail("_id", NULL);
    }
    seen += (uint64_t)bson_iter_int32(&iter);
    if (!bson_iter_find(&iter, "created_at")) {
        fail("created_at", NULL);
    }
    bson_iter_utf8(&iter, &length);
    seen += length;
}

/* What a program takes of a document: five fields, with the strings its own. */
struct tweet {
    int32_t id;
    int32_t retweet_count;
    char* created_at;
    bool favorited;
    char* text;
};

/* The five fields in one walk, as one writes it with libbson. */
static void read_struct(const bson_t* document) {
    struct tweet into = {0};
    bson_iter_t iter;
    int found = 0;
    if (!bson_iter_init(&iter, document)) {
        fail("document", NULL);
    }
    while (found < 5 && bson_iter_next(&iter)) {
        const char* key = bson_iter_key(&iter);
        if (strcmp(key, "_id") == 0) {
            into.id = bson_iter_int32(&iter);
        } else if (strcmp(key, "retweet_count") == 0) {
            into.retweet_count = bson_iter_int32(&iter);
        } else if (strcmp(key, "created_at") == 0) {
            into.created_at = bson_iter_dup_utf8(&iter, NULL);
        } else if (strcmp(key, "favorited") == 0) {
            into.favorited = bson_iter_bool(&iter);
        } else if (strcmp(key, "text") == 0) {
            into.text = bson_iter_dup_utf8(&iter, NULL);
        } else {
            continue;
        }
        ++found;
    }
    if (found != 5) {
        fail("a field of the struct", NULL);
    }
    seen += (uint64_t)into.id + strlen(into.created_at);
    bson_free(into.created_at);
    bson_free(into.text);
}

typedef void reader(const bson_t* document);

static void ping(mongoc_client_t* client) {
    bson_error_t error;
    bson_t command = BSON_INITIALIZER;
    BSON_APPEND_INT32(&command, "ping", 1);
    if (!mongoc_client_command_simple(client, "admin", &command, NULL, NULL, &error)) {
        fail("ping", &error);
    }
    bson_destroy(&command);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* How long each find_one took, where the environment's LATENCIES names a file for it. */
static struct {
    pthread_mutex_t lock;
    const char* path;
    double* seconds;
    size_t count, room;
} latencies = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void add_latency(double seconds) {
    pthread_mutex_lock(&latencies.lock);
    if (latencies.count == latencies.room) {
        latencies.room = latencies.room * 2 + 1024;
        latencies.seconds = realloc(latencies.seconds, latencies.room * sizeof(double));
    }
    latencies.seconds[latencies.count++] = seconds;
    pthread_mutex_unlock(&latencies.lock);
}

static void write_latencies(void) {
    FILE* file = latencies.path ? fopen(latencies.path, "w") : NULL;
    for (size_t at = 0; file && at < latencies.count; ++at) {
        fprintf(file, "%.0f\n", latencies.seconds[at] * 1e9);
    }
    if (file) {
        fclose(file);
    }
}

static void find_one(mongoc_collection_t* from, reader* read) {
    const double began = latencies.path ? now() : 0;
    bson_error_t error;
    bson_t filter = BSON_INITIALIZER;
    bson_t options = BSON_INITIALIZER;
    BSON_APPEND_INT32(&filter, "_id", 1);
    BSON_APPEND_INT64(&options, "limit", 1);
    BSON_APPEND_BOOL(&options, "singleBatch", true);
    mongoc_cursor_t* cursor = mongoc_collection_find_with_opts(from, &filter, &options, NULL);
    const bson_t* document = NULL;
    if (!mongoc_cursor_next(cursor, &document)) {
        fail("find_one", mongoc_cursor_error(cursor, &error) ? &error : NULL);
    }
    read(document);
    mongoc_cursor_destroy(cursor);
    bson_destroy(&options);
    bson_destroy(&filter);
    if (latencies.path) {
        add_latency(now() - began);
    }
}

static void find_many(mongoc_collection_t* from, reader* read) {
    bson_error_t error;
    bson_t filter = BSON_INITIALIZER;
    mongoc_cursor_t* cursor = mongoc_collection_find_with_opts(from, &filter, NULL, NULL);
    const bson_t* document = NULL;
    int count = 0;
    while (mongoc_cursor_next(cursor, &document)) {
        read(document);
        ++count;
    }
    if (mongoc_cursor_error(cursor, &error) || count != many_documents) {
        fail("find_many", mongoc_cursor_error(cursor, &error) ? &error : NULL);
    }
    mongoc_cursor_destroy(cursor);
    bson_destroy(&filter);
}

static void insert_one(mongoc_collection_t* into) {
    bson_error_t error;
    bson_t document = BSON_INITIALIZER;
    append_small(&document, &smalls[0]);
    if (!mongoc_collection_insert_one(into, &document, NULL, NULL, &error)) {
        fail("insert_one", &error);
    }
    bson_destroy(&document);
}

static void insert_many(mongoc_collection_t* into) {
    static bson_t documents[many_documents];
    static const bson_t* pointers[many_documents];
    bson_error_t error;
    for (int at = 0; at < many_documents; ++at) {
        bson_init(&documents[at]);
        append_small(&documents[at], &smalls[at]);
        pointers[at] = &documents[at];
    }
    if (!mongoc_collection_insert_many(into, pointers, many_documents, NULL, NULL, &error)) {
        fail("insert_many", &error);
    }
    for (int at = 0; at < many_documents; ++at) {
        bson_destroy(&documents[at]);
    }
}

/* conc:K: libmongoc has no asynchronous call, so K threads. Of up to 64 each has a client of the
 * pool; more share 64, as many connections as the other programs have, and take one for each
 * operation. */
struct worker {
    pthread_t thread;
    mongoc_client_pool_t* pool;
    uint64_t count;
    bool shares;
};

static void* work(void* argument) {
    struct worker* self = argument;
    mongoc_client_t* client = self->shares ? NULL : mongoc_client_pool_pop(self->pool);
    for (uint64_t at = 0; at < self->count; ++at) {
        mongoc_client_t* on = self->shares ? mongoc_client_pool_pop(self->pool) : client;
        mongoc_collection_t* one = mongoc_client_get_collection(on, "bench", "one");
        find_one(one, read_document);
        mongoc_collection_destroy(one);
        if (self->shares) {
            mongoc_client_pool_push(self->pool, on);
        }
    }
    if (client) {
        mongoc_client_pool_push(self->pool, client);
    }
    return NULL;
}

static void run_workers(struct worker* workers, uint64_t threads, uint64_t count) {
    for (uint64_t at = 0; at < threads; ++at) {
        workers[at].count = count;
        if (pthread_create(&workers[at].thread, NULL, work, &workers[at]) != 0) {
            fail("pthread_create", NULL);
        }
    }
    for (uint64_t at = 0; at < threads; ++at) {
        pthread_join(workers[at].thread, NULL);
    }
}

/* Bytes on the heap, where the allocation counter is in LD_PRELOAD. */
extern int64_t bench_heap_live_bytes(void) __attribute__((weak));

/* memory:K: a pool of K clients, each with the connection that one find_one opened. */
static void measure_memory(const mongoc_uri_t* uri, uint64_t count) {
    if (!bench_heap_live_bytes) {
        fail("LD_PRELOAD has no allocation counter", NULL);
    }
    mongoc_client_t** clients = calloc(count, sizeof *clients);
    const int64_t before = bench_heap_live_bytes();
    mongoc_client_pool_t* pool = mongoc_client_pool_new(uri);
    mongoc_client_pool_max_size(pool, (uint32_t)count);
    for (uint64_t at = 0; at < count; ++at) {
        clients[at] = mongoc_client_pool_pop(pool);
        mongoc_collection_t* one = mongoc_client_get_collection(clients[at], "bench", "one");
        find_one(one, read_document);
        mongoc_collection_destroy(one);
    }
    printf("COUNTER idle_bytes %lld\n", (long long)(bench_heap_live_bytes() - before));
    for (uint64_t at = 0; at < count; ++at) {
        mongoc_client_pool_push(pool, clients[at]);
    }
    free(clients);
    mongoc_client_pool_destroy(pool);
}

/* connect: a client that is made, pings once, and is gone. */
static void connect_once(const mongoc_uri_t* uri) {
    mongoc_client_t* client = mongoc_client_new_from_uri(uri);
    ping(client);
    mongoc_client_destroy(client);
}

struct task {
    const char* name;
    const mongoc_uri_t* uri;
    mongoc_client_t* client;
    mongoc_collection_t* collection;
    struct worker* workers;
    uint64_t threads;
};

/* False where the task is not known. */
static bool run_task(struct task* task, uint64_t count) {
    if (task->threads != 0) {
        run_workers(task->workers, task->threads, count);
        return true;
    }
    for (uint64_t at = 0; at < count; ++at) {
        if (strcmp(task->name, "ping") == 0) {
            ping(task->client);
        } else if (strcmp(task->name, "find_one") == 0) {
            find_one(task->collection, read_document);
        } else if (strcmp(task->name, "find_one_struct") == 0) {
            find_one(task->collection, read_struct);
        } else if (strcmp(task->name, "find_many") == 0) {
            find_many(task->collection, read_document);
        } else if (strcmp(task->name, "find_many_struct") == 0) {
            find_many(task->collection, read_struct);
        } else if (strcmp(task->name, "insert_one") == 0) {
            insert_one(task->collection);
        } else if (strcmp(task->name, "insert_many") == 0) {
            insert_many(task->collection);
        } else if (strcmp(task->name, "connect") == 0) {
            connect_once(task->uri);
        } else {
            return false;
        }
    }
    return true;
}

static const char* collection_of(const char* task) {
    if (strncmp(task, "insert", 6) == 0) {
        return "inserted";
    }
    return strncmp(task, "find_many", 9) == 0 ? "many" : "one";
}

static double seconds(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* The peak, in kB. Not ru_maxrss: that one keeps what the process was before its exec. */
static long peak_rss(void) {
    long kilobytes = 0;
    char line[256];
    FILE* file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file) && sscanf(line, "VmHWM: %ld", &kilobytes) != 1) {
    }
    if (file) {
        fclose(file);
    }
    return kilobytes;
}

int main(int argc, char** argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: %s URI TASK N\n", argv[0]);
        return 2;
    }
    struct task task = {.name = argv[2]};
    const uint64_t count = strtoull(argv[3], NULL, 10);
    const char* cold = getenv("NOWARM");
    const uint64_t warm_up = cold && strcmp(cold, "1") == 0 ? 0 : count / 10 + 1;

    mongoc_init();
    latencies.path = getenv("LATENCIES");
    if (strncmp(task.name, "insert", 6) == 0) {
        make_smalls();
    }
    mongoc_uri_t* uri = mongoc_uri_new(argv[1]);
    mongoc_client_pool_t* pool = NULL;
    if (strncmp(task.name, "memory:", 7) == 0) {
        measure_memory(uri, strtoull(task.name + 7, NULL, 10));
        printf("RESULT %s 0 0 0 %ld\n", task.name + 7, peak_rss());
        mongoc_uri_destroy(uri);
        mongoc_cleanup();
        return 0;
    }
    if (strncmp(task.name, "conc:", 5) == 0) {
        task.threads = strtoull(task.name + 5, NULL, 10);
        task.workers = calloc(task.threads, sizeof *task.workers);
        pool = mongoc_client_pool_new(uri);
        mongoc_client_pool_max_size(pool, most_connections);
        for (uint64_t at = 0; at < task.threads; ++at) {
            task.workers[at].pool = pool;
            task.workers[at].shares = task.threads > most_connections;
        }
    } else if (strcmp(task.name, "connect") == 0) {
        task.uri = uri;
    } else {
        task.client = mongoc_client_new_from_uri(uri);
        task.collection =
            mongoc_client_get_collection(task.client, "bench", collection_of(task.name));
    }

    if (!run_task(&task, warm_up)) {
        fprintf(stderr, "libmongoc: no task %s\n", task.name);
        return 2;
    }
    latencies.count = 0;
    struct rusage before;
    struct rusage after;
    getrusage(RUSAGE_SELF, &before);
    const double began = now();
    if (!run_task(&task, count)) {
        fprintf(stderr, "libmongoc: no task %s\n", task.name);
        return 2;
    }
    const double ended = now();
    getrusage(RUSAGE_SELF, &after);
    printf("RESULT %llu %.6f %.6f %.6f %ld\n",
           (unsigned long long)(count * (task.threads ? task.threads : 1)), ended - began,
           seconds(after.ru_utime) - seconds(before.ru_utime),
           seconds(after.ru_stime) - seconds(before.ru_stime), peak_rss());
    fflush(stdout);
    write_latencies();

    if (pool) {
        mongoc_client_pool_destroy(pool);
    } else if (task.client) {
        mongoc_collection_destroy(task.collection);
        mongoc_client_destroy(task.client);
    }
    free(task.workers);
    mongoc_uri_destroy(uri);
    mongoc_cleanup();
    free(smalls);
    return 0;
}
