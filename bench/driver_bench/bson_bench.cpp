// The specification's BSON tasks, for our BSON and for libbson's own calls:
//
//   bench-bson mongoro|libbson TASK DATA LIMITS
//
// TASK is flat|deep|full _bson_ encoding|decoding, or flat|deep _struct_ encoding|decoding. DATA
// holds extended_bson/; LIMITS see parse_limits. A line `ITERATION seconds` for each 10,000
// documents, and `SIZE bytes` of one. What is encoded is compared with what the other one makes
// before anything is timed.
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

#include "driver_bench/codecs.hpp"
#include "driver_bench/iterations.hpp"

namespace bench {
namespace {

constexpr int documents = 10'000;
volatile std::uint64_t seen = 0;

/// What a task works on: made by libbson, whoever does the task.
struct data {
    document_model model;
    std::string bson;
    flat_struct flat;
    deep_struct deep;
};

data load(bool structs, std::string_view shape, const std::string& folder, bson_codec& reference) {
    data made;
    if (!structs) {
        made.bson =
            bson_of_json_file(folder + "/extended_bson/" + std::string(shape) + "_bson.json");
        made.model = read_model(made.bson);
    } else if (shape == "flat") {
        made.flat = make_flat_struct();
        made.bson = reference.encode_flat(made.flat);
    } else {
        made.deep = make_deep_struct();
        made.bson = reference.encode_deep(made.deep);
    }
    return made;
}

/// The task's one operation.
std::function<void()> operation(bson_codec& codec, bool structs, bool encoding, bool flat,
                                data& on) {
    if (!structs) {
        return encoding
                   ? std::function<void()>([&] { seen = seen + codec.encode(on.model).size(); })
                   : [&] { seen = seen + codec.decode(on.bson); };
    }
    if (flat) {
        return encoding
                   ? std::function<void()>([&] { seen = seen + codec.encode_flat(on.flat).size(); })
                   : [&] { codec.decode_flat(on.bson, on.flat); };
    }
    return encoding
               ? std::function<void()>([&] { seen = seen + codec.encode_deep(on.deep).size(); })
               : [&] { codec.decode_deep(on.bson, on.deep); };
}

void check(bson_codec& codec, bson_codec& reference, bool structs, bool flat, data& on) {
    const std::string_view made = !structs ? codec.encode(on.model)
                                  : flat   ? codec.encode_flat(on.flat)
                                           : codec.encode_deep(on.deep);
    if (made != on.bson) {
        throw failure("not the bytes that libbson makes");
    }
    if (!structs && codec.decode(on.bson) != reference.decode(on.bson)) {
        throw failure("not the values that libbson reads");
    }
    if (structs) {
        data again;
        flat ? codec.decode_flat(on.bson, again.flat) : codec.decode_deep(on.bson, again.deep);
        if ((flat ? reference.encode_flat(again.flat) : reference.encode_deep(again.deep)) !=
            on.bson) {
            throw failure("not the struct that was encoded");
        }
    }
}

int run(char** argv) {
    const std::string_view library = argv[1];
    const std::string_view task = argv[2];
    const bool flat = task.starts_with("flat");
    const std::string_view shape = task.substr(0, 4);
    const bool structs = task.substr(4).starts_with("_struct_");
    const bool encoding = task.ends_with("_encoding");
    if ((!structs && !task.substr(4).starts_with("_bson_")) ||
        (!encoding && !task.ends_with("_decoding")) || (shape == "full" && structs)) {
        throw failure("no task " + std::string(task));
    }
    const auto reference = make_libbson_codec();
    const auto codec = library == "mongoro" ? make_mongoro_codec() : make_libbson_codec();
    data on = load(structs, shape, argv[3], *reference);
    check(*codec, *reference, structs, flat, on);
    std::printf("SIZE %zu\n", on.bson.size());
    const auto once = operation(*codec, structs, encoding, flat, on);
    iterate(
        parse_limits(argv[4]), [] {},
        [&] {
            for (int at = 0; at < documents; ++at) {
                once();
            }
        });
    return 0;
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
    if (argc != 5) {
        std::fprintf(stderr, "usage: %s mongoro|libbson TASK DATA LIMITS\n", argv[0]);
        return 2;
    }
    try {
        return bench::run(argv);
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench-bson: %s\n", e.what());
        return 1;
    }
}
