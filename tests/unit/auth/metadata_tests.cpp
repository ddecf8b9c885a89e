#include "client_support.hpp"

#include <string>
#include <string_view>
#include <vector>

// mongodb-handshake/tests/README.md, "Client Metadata Update Prose Tests". Where they wait for a
// connection to be idle for too long, these have it closed for a reply that is none: the next one
// says hello again. (A network error would have the server checked anew first, which takes time.)

using namespace mongoro;
using namespace mongoro::test;

namespace {

constexpr driver_info library{.name = "library", .version = "1.2", .platform = "Library Platform"};

/// Opens a new connection and gives the `client` document of its hello.
document next_metadata(scene& s) {
    if (s.client.statistics().connections != 0) {
        s.peer.expect("ping", reply_script().raw(message_bytes(40, 0xff)));
        CHECK(error_of(s.r, s.client.ping()) == errc::malformed_message);
        CHECK(s.client.statistics().connections == 0);
    }
    CHECK(!error_of(s.r, s.client.ping()));
    const auto hello = s.peer.received("isMaster").back().body;
    return document(hello["client"].get<document_view>());
}

struct told {
    std::string name;
    std::string version;
    std::string platform;
    document rest;
};

/// What follows the driver's own words, and everything else.
told told_by(const document& metadata) {
    const auto behind = [](bson::value_view text) {
        const auto whole = text.get<std::string>();
        const auto bar = whole.find('|');
        return bar == std::string::npos ? std::string() : whole.substr(bar + 1);
    };
    told out{behind(metadata["driver"]["name"]),
             behind(metadata["driver"]["version"]),
             behind(metadata["platform"]),
             {}};
    for (const auto& [key, value] : metadata) {
        if (key != "driver" && key != "platform") {
            out.rest.append(key, value);
        }
    }
    return out;
}

std::string joined(std::string_view first, std::string_view second) {
    return std::string(first) + (second.empty() ? "" : "|" + std::string(second));
}

const driver_info frameworks[] = {
    {.name = "framework", .version = "2.0", .platform = "Framework Platform"},
    {.name = "framework", .version = "2.0"},
    {.name = "framework", .platform = "Framework Platform"},
    {.name = "framework"},
};

}  // namespace

TEST_CASE("tests 1 and 2: what is appended later follows what was given first") {
    on_each_backend([](reactor& r) {
        for (const bool at_first : {true, false}) {
            for (const auto& framework : frameworks) {
                scene s(r, {.wrapped_by = at_first ? library : driver_info()});
                if (!at_first) {
                    CHECK(s.client.append_metadata(library));
                }
                const auto before = told_by(next_metadata(s));
                CHECK(before.name == "library");
                CHECK(before.version == "1.2");
                CHECK(before.platform == "Library Platform");
                CHECK(s.client.append_metadata(framework));
                const auto after = told_by(next_metadata(s));
                CHECK(after.name == "library|" + std::string(framework.name));
                CHECK(after.version == "1.2|" + std::string(framework.version));
                CHECK(after.platform == joined("Library Platform", framework.platform));
                CHECK(after.rest == before.rest);
            }
        }
    });
}

TEST_CASE("test 3: only what is the same in everything is not appended again") {
    on_each_backend([](reactor& r) {
        for (const driver_info& next :
             {library, driver_info{"framework", "1.2", "Library Platform"},
              driver_info{"library", "2.0", "Library Platform"},
              driver_info{"library", "1.2", "Framework Platform"},
              driver_info{"framework", "2.0", "Library Platform"},
              driver_info{"framework", "1.2", "Framework Platform"},
              driver_info{"library", "2.0", "Framework Platform"}}) {
            scene s(r);
            CHECK(s.client.append_metadata(library));
            const auto before = told_by(next_metadata(s));
            CHECK(s.client.append_metadata(next));
            const auto after = told_by(next_metadata(s));
            const bool same = next == library;
            CHECK(after.name == joined("library", same ? "" : next.name));
            CHECK(after.version == joined("1.2", same ? "" : next.version));
            CHECK(after.platform == joined("Library Platform", same ? "" : next.platform));
            CHECK(after.rest == before.rest);
        }
    });
}

TEST_CASE("tests 4 to 6: a duplicate of what was given or appended before changes nothing") {
    on_each_backend([](reactor& r) {
        for (const bool at_first : {true, false}) {
            scene s(r, {.wrapped_by = at_first ? library : driver_info()});
            CHECK(s.client.append_metadata(library));
            const auto alone = next_metadata(s);
            CHECK(told_by(alone).name == "library");
            CHECK(s.client.append_metadata(library));
            CHECK(next_metadata(s) == alone);
            CHECK(s.client.append_metadata(frameworks[0]));
            const auto before = next_metadata(s);
            CHECK(told_by(before).name == "library|framework");
            CHECK(s.client.append_metadata(library));
            CHECK(next_metadata(s) == before);
        }
    });
}

TEST_CASE("tests 7 and 8: an empty text is as good as none") {
    on_each_backend([](reactor& r) {
        for (const bool at_first : {true, false}) {
            const std::pair<driver_info, driver_info> cases[] = {
                {{.name = "library", .platform = "Library Platform"},
                 {.name = "library", .version = "", .platform = "Library Platform"}},
                {{.name = "library", .version = "1.2"},
                 {.name = "library", .version = "1.2", .platform = ""}}};
            for (const auto& [given, again] : cases) {
                scene s(r, {.wrapped_by = at_first ? given : driver_info()});
                CHECK(s.client.append_metadata(given));
                const auto before = next_metadata(s);
                CHECK(s.client.append_metadata(again));
                CHECK(next_metadata(s) == before);
            }
        }
    });
}

TEST_CASE("test 9: every hello of a connection has the version of client backpressure") {
    on_each_backend([](reactor& r) {
        scene s(r);
        next_metadata(s);
        next_metadata(s);
        const auto hellos = s.peer.received("isMaster");
        CHECK(hellos.size() == 1 + 2);  // the first is the monitor's
        for (const auto& hello : hellos) {
            CHECK(hello.body["backpressure"].get<std::string_view>() == "2");
        }
    });
}

TEST_CASE("a text with the delimiter, or too long, is refused and changes nothing") {
    on_each_backend([](reactor& r) {
        scene s(r);
        const auto before = next_metadata(s);
        CHECK(s.client.append_metadata({.name = "a|b"}).error() == errc::invalid_argument);
        CHECK(s.client.append_metadata({.name = "a", .version = "1|2"}).error() ==
              errc::invalid_argument);
        const std::string longest(600, 'x');
        CHECK(s.client.append_metadata({.name = longest}).error() == errc::invalid_argument);
        CHECK(next_metadata(s) == before);
        const auto made = client::create(r, s.peer.uri(), {.wrapped_by = {.name = "a|b"}});
        REQUIRE_FALSE(made);
        CHECK(made.error() == errc::invalid_argument);
    });
}

TEST_CASE("what is appended opens and closes no connection") {
    on_each_backend([](reactor& r) {
        scene s(r);
        CHECK(!error_of(r, s.client.ping()));
        CHECK(s.client.append_metadata(library));
        CHECK(!error_of(r, s.client.ping()));
        CHECK(s.peer.connections() == 1 + 1);  // the first is the monitor's
        CHECK(s.peer.received("isMaster").size() == 1 + 1);
    });
}
