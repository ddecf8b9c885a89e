#pragma once

#include <cstdint>
#include <string>

// clang-format off
/// FLAT's mixture with keys of eight letters: twelve of each type. FLAT itself has 24, and a struct
/// has up to 64 fields.
#define BENCH_FLAT_STRINGS(X)                                                            \
    X(kqzvbtam) X(wepdhrlx) X(yoscgnfu) X(imjtkqaz) X(bxwveodr) X(hlyspcng) X(fuitmjkq)  \
    X(azbxwveo) X(drhlyspc) X(ngfuitmj) X(qkzavbtm) X(xlrhdpew)
#define BENCH_FLAT_INT32S(X)                                                             \
    X(ufngcsoy) X(zaqktjmi) X(rdoevwxb) X(gncpsylh) X(qkjmtiuf) X(oevwxbza) X(cpsylhrd)  \
    X(jmtiufng) X(mtbvazkq) X(wepdlxhr) X(uyosfcng) X(itkmjqaz)
#define BENCH_FLAT_INT64S(X)                                                             \
    X(bwxveodh) X(lryspcgn) X(fuimtjqk) X(vzbatqxw) X(edphorly) X(xscnguif) X(mjktqzav)  \
    X(bxtwveop) X(drlhyscp) X(gnuftijm) X(aqkzbvtx) X(welrphdy)
#define BENCH_FLAT_DOUBLES(X)                                                            \
    X(oscyfngu) X(itmzkaqj) X(vbrxdewo) X(hgnlcypx) X(sufkqijm) X(tzoaevbx) X(wrcdphsl)  \
    X(yngfjmui) X(tkmqazvb) X(xwledrph) X(ycosgnuf) X(jitzmqka)
#define BENCH_FLAT_BOOLS(X)                                                              \
    X(eodbvxwr) X(cngplhys) X(kqjfuimt) X(zavoxbew) X(drpyscln) X(hgfiumtj) X(tmavbzqk)  \
    X(rlxwehdp) X(fuyongcs) X(azitqkmj) X(wxvrdboe) X(ylhgspcn)
// clang-format on

namespace bench {

struct flat_struct {
#define BENCH_MEMBER(NAME) std::string NAME;
    BENCH_FLAT_STRINGS(BENCH_MEMBER)
#undef BENCH_MEMBER
#define BENCH_MEMBER(NAME) std::int32_t NAME = 0;
    BENCH_FLAT_INT32S(BENCH_MEMBER)
#undef BENCH_MEMBER
#define BENCH_MEMBER(NAME) std::int64_t NAME = 0;
    BENCH_FLAT_INT64S(BENCH_MEMBER)
#undef BENCH_MEMBER
#define BENCH_MEMBER(NAME) double NAME = 0;
    BENCH_FLAT_DOUBLES(BENCH_MEMBER)
#undef BENCH_MEMBER
#define BENCH_MEMBER(NAME) bool NAME = false;
    BENCH_FLAT_BOOLS(BENCH_MEMBER)
#undef BENCH_MEMBER
};

/// DEEP: a binary tree of six levels, with two strings in each leaf.
struct deep_leaf {
    std::string leftValue;
    std::string rightValue;
};

template <class Child>
struct deep_node {
    Child left;
    Child right;
};

using deep_struct = deep_node<deep_node<deep_node<deep_node<deep_node<deep_leaf>>>>>;

/// Values in FLAT's shape: strings of 80 letters.
flat_struct make_flat_struct();
deep_struct make_deep_struct();

}  // namespace bench
