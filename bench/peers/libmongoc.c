/* libmongoc, doing the tasks of the benchmark: URI TASK N. */
#include <mongoc/mongoc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { many_documents = 10000, small_fields = 13 };

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

static void ping(mongoc_client_t* client) {
    bson_error_t error;
    bson_t command = BSON_INITIALIZER;
    BSON_APPEND_INT32(&command, "ping", 1);
    if (!mongoc_client_command_simple(client, "admin", &command, NULL, NULL, &error)) {
        fail("ping", &error);
    }
    bson_destroy(&command);
}

static void find_one(mongoc_collection_t* from) {
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
    read_document(document);
    mongoc_cursor_destroy(cursor);
    bson_destroy(&options);
    bson_destroy(&filter);
}

static void find_many(mongoc_collection_t* from) {
    bson_error_t error;
    bson_t filter = BSON_INITIALIZER;
    mongoc_cursor_t* cursor = mongoc_collection_find_with_opts(from, &filter, NULL, NULL);
    const bson_t* document = NULL;
    int count = 0;
    while (mongoc_cursor_next(cursor, &document)) {
        read_document(document);
        ++count;
    }
    if (mongoc_cursor_error(cursor, &error) || count != many_documents) {
        fail("find_many", mongoc_cursor_error(cursor, &error) ? &error : NULL);
    }
    mongoc_cursor_destroy(cursor);
    bson_destroy(&filter);
}

static void insert_one(mongoc_collection_t* into, uint64_t index) {
    bson_error_t error;
    bson_t document = BSON_INITIALIZER;
    append_small(&document, &smalls[index % many_documents]);
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

/* conc:K: libmongoc has no asynchronous call, so K threads with a client each from the pool. */
struct worker {
    pthread_t thread;
    mongoc_client_t* client;
    uint64_t count;
};

static void* work(void* argument) {
    struct worker* self = argument;
    mongoc_collection_t* one = mongoc_client_get_collection(self->client, "bench", "one");
    for (uint64_t at = 0; at < self->count; ++at) {
        find_one(one);
    }
    mongoc_collection_destroy(one);
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

struct task {
    const char* name;
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
            find_one(task->collection);
        } else if (strcmp(task->name, "find_many") == 0) {
            find_many(task->collection);
        } else if (strcmp(task->name, "insert_one") == 0) {
            insert_one(task->collection, at);
        } else if (strcmp(task->name, "insert_many") == 0) {
            insert_many(task->collection);
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
    return strcmp(task, "find_many") == 0 ? "many" : "one";
}

static double seconds(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
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
    make_smalls();
    mongoc_uri_t* uri = mongoc_uri_new(argv[1]);
    mongoc_client_pool_t* pool = NULL;
    if (strncmp(task.name, "conc:", 5) == 0) {
        task.threads = strtoull(task.name + 5, NULL, 10);
        task.workers = calloc(task.threads, sizeof *task.workers);
        pool = mongoc_client_pool_new(uri);
        mongoc_client_pool_max_size(pool, (uint32_t)task.threads);
        for (uint64_t at = 0; at < task.threads; ++at) {
            task.workers[at].client = mongoc_client_pool_pop(pool);
        }
    } else {
        task.client = mongoc_client_new_from_uri(uri);
        task.collection =
            mongoc_client_get_collection(task.client, "bench", collection_of(task.name));
    }

    if (!run_task(&task, warm_up)) {
        fprintf(stderr, "libmongoc: no task %s\n", task.name);
        return 2;
    }
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

    for (uint64_t at = 0; at < task.threads; ++at) {
        mongoc_client_pool_push(pool, task.workers[at].client);
    }
    if (pool) {
        mongoc_client_pool_destroy(pool);
    } else {
        mongoc_collection_destroy(task.collection);
        mongoc_client_destroy(task.client);
    }
    free(task.workers);
    mongoc_uri_destroy(uri);
    mongoc_cleanup();
    free(smalls);
    return 0;
}
