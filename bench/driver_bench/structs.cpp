#include "driver_bench/structs.hpp"

#include "common/random.hpp"

namespace bench {
namespace {

void fill(generator& random, deep_leaf& leaf) {
    leaf.leftValue = random.letters(8);
    leaf.rightValue = random.letters(8);
}

template <class Child>
void fill(generator& random, deep_node<Child>& node) {
    fill(random, node.left);
    fill(random, node.right);
}

}  // namespace

flat_struct make_flat_struct() {
    generator random(3);
    flat_struct made;
#define BENCH_FILL(NAME) made.NAME = random.letters(80);
    BENCH_FLAT_STRINGS(BENCH_FILL)
#undef BENCH_FILL
#define BENCH_FILL(NAME) made.NAME = random.number(1U << 31U);
    BENCH_FLAT_INT32S(BENCH_FILL)
#undef BENCH_FILL
#define BENCH_FILL(NAME) made.NAME = static_cast<std::int64_t>(random.next() >> 1U);
    BENCH_FLAT_INT64S(BENCH_FILL)
#undef BENCH_FILL
#define BENCH_FILL(NAME) made.NAME = static_cast<double>(random.next()) / 1e6;
    BENCH_FLAT_DOUBLES(BENCH_FILL)
#undef BENCH_FILL
#define BENCH_FILL(NAME) made.NAME = random.number(2) == 1;
    BENCH_FLAT_BOOLS(BENCH_FILL)
#undef BENCH_FILL
    return made;
}

deep_struct make_deep_struct() {
    generator random(4);
    deep_struct made;
    fill(random, made);
    return made;
}

}  // namespace bench
