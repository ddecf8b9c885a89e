// Sample documents.
//
//   bench-data small|tweet COUNT [BYTES]    as BSON, one after the other, to standard output
//   bench-data spec FOLDER [FILES]          the Driver Benchmarking data sets, as JSON, into FOLDER
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>

#include "common/sample_documents.hpp"
#include "data/spec_sets.hpp"

namespace {

int write_spec(const char* folder, const char* files) {
    const int count = files != nullptr ? std::atoi(files) : 100;
    if (count < 0 || count > 1000) {
        return 2;
    }
    try {
        bench::write_spec_sets(folder, count);
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "bench-data: %s\n", e.what());
        return 1;
    }
}

int write_samples(bool small, std::uint32_t count, std::size_t size) {
    for (std::uint32_t index = 0; index < count; ++index) {
        const std::string document =
            small ? bench::small_document(index) : bench::tweet_document(index, size);
        if (std::fwrite(document.data(), 1, document.size(), stdout) != document.size()) {
            std::perror("bench-data");
            return 1;
        }
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string kind = argc > 2 ? argv[1] : "";
    if (kind == "spec") {
        return write_spec(argv[2], argc > 3 ? argv[3] : nullptr);
    }
    if (kind != "small" && kind != "tweet") {
        std::fprintf(stderr, "usage: %s small|tweet COUNT [BYTES]\n       %s spec FOLDER [FILES]\n",
                     argv[0], argv[0]);
        return 2;
    }
    const std::size_t size = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : bench::tweet_size;
    return write_samples(kind == "small",
                         static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10)), size);
}
