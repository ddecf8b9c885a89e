#include "wire/legacy.hpp"

#include "wire/header.hpp"

#include <mongoro/bson/document.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace wire = mongoro::wire;
namespace bson = mongoro::bson;

TEST_CASE("an OP_QUERY is written as the bytes of the protocol, behind what is there") {
    bson::byte_buffer out;
    out.push_back(0xAA);
    wire::encode_query(out, 3, "admin", bson::document().append("isMaster", 1));
    const std::vector<std::uint8_t> expected{
        0xAA,                                                              //
        58,   0,    0,    0,                                               // messageLength
        3,    0,    0,    0,                                               // requestID
        0,    0,    0,    0,                                               // responseTo
        0xD4, 0x07, 0,    0,                                               // 2004
        4,    0,    0,    0,                                               // secondaryOk
        'a',  'd',  'm',  'i',  'n', '.', '$', 'c', 'm', 'd', 0,           //
        0,    0,    0,    0,                                               // numberToSkip
        0xFF, 0xFF, 0xFF, 0xFF,                                            // numberToReturn: -1
        19,   0,    0,    0,                                               // the document's length
        0x10, 'i',  's',  'M',  'a', 's', 't', 'e', 'r', 0,   1, 0, 0, 0,  //
        0,
    };
    CHECK(std::ranges::equal(out.bytes(), expected));
}
