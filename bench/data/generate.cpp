// Writes sample documents as BSON, one after the other, to standard output:
//   bench-data small|tweet COUNT [BYTES]
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "common/sample_documents.hpp"

int main(int argc, char** argv) {
    const bool small = argc > 2 && std::strcmp(argv[1], "small") == 0;
    const bool tweet = argc > 2 && std::strcmp(argv[1], "tweet") == 0;
    if (!small && !tweet) {
        std::fprintf(stderr, "usage: %s small|tweet COUNT [BYTES]\n", argv[0]);
        return 2;
    }
    const auto count = static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10));
    const std::size_t size = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : bench::tweet_size;
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
