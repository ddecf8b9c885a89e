#include "responder/hello.hpp"

#include "common/bson_bytes.hpp"

namespace bench {

bool is_hello(std::string_view command) {
    return command == "hello" || command == "ismaster" || command == "isMaster";
}

std::string hello_document(const hello_facts& facts) {
    bson_out out;
    out.open().boolean("helloOk", true);
    out.boolean(facts.legacy_name ? "ismaster" : "isWritablePrimary", true);
    if (facts.mongos) {
        out.string("msg", "isdbgrid");
    }
    out.int32("maxBsonObjectSize", 16'777'216).int32("maxMessageSizeBytes", 48'000'000);
    out.int32("maxWriteBatchSize", 100'000).date("localTime", 1'700'000'000'000);
    out.int32("logicalSessionTimeoutMinutes", 30).int32("connectionId", 1);
    out.int32("minWireVersion", 0).int32("maxWireVersion", 25).boolean("readOnly", false);
    if (facts.mechanisms) {
        out.open_array("saslSupportedMechs").string("0", "SCRAM-SHA-256").close();
    }
    if (!facts.login.empty()) {
        out.document("speculativeAuthenticate", facts.login);
    }
    return out.real("ok", 1.0).close().take();
}

}  // namespace bench
