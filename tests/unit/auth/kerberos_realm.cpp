#include "kerberos_realm.hpp"

#include <arpa/inet.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace mongoro::test {

namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return at;
}

std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    auto at = loopback(0);
    socklen_t size = sizeof(at);
    ::bind(fd, reinterpret_cast<sockaddr*>(&at), size);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
    ::close(fd);
    return ntohs(at.sin_port);
}

bool answers(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const auto at = loopback(port);
    const bool yes = ::connect(fd, reinterpret_cast<const sockaddr*>(&at), sizeof(at)) == 0;
    ::close(fd);
    return yes;
}

bool run(const std::string& command) {
    return std::system((command + " >/dev/null 2>&1").c_str()) == 0;  // NOLINT: a test's own words
}

std::string text_of(const gss_buffer_desc& bytes) {
    return {static_cast<const char*>(bytes.value), bytes.length};
}

}  // namespace

kerberos_realm::kerberos_realm() {
    // Where packages put a KDC is often not in a user's path.
    const char* const path = std::getenv("PATH");
    ::setenv("PATH",
             (std::string(path == nullptr ? "/usr/bin:/bin" : path) + ":/usr/sbin:/sbin").c_str(),
             1);
    for (const std::string program : {"krb5kdc", "kdb5_util", "kadmin.local", "kinit"}) {
        if (!run("command -v " + program)) {
            missing_ = program + " is not installed";
            return;
        }
    }
    make();
}

/// Takes what is sent there, and never answers.
std::uint16_t kerberos_realm::listen_silently() {
    silent_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    auto at = loopback(0);
    socklen_t size = sizeof(at);
    ::bind(silent_, reinterpret_cast<sockaddr*>(&at), size);
    ::getsockname(silent_, reinterpret_cast<sockaddr*>(&at), &size);
    return ntohs(at.sin_port);
}

kerberos_realm::~kerberos_realm() {
    if (silent_ >= 0) {
        ::close(silent_);
    }
    if (kdc_ > 0) {
        ::kill(kdc_, SIGTERM);
        ::waitpid(kdc_, nullptr, 0);
    }
    if (!folder_.empty()) {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
}

void kerberos_realm::make() {
    std::string name = (std::filesystem::temp_directory_path() / "mongoro-realm-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        broken_ = "no temporary folder";
        return;
    }
    folder_ = name;
    const auto port = free_port();
    const auto number = std::to_string(port);
    std::ofstream(folder_ + "/krb5.conf")
        << "[libdefaults]\n default_realm = MONGORO.TEST\n dns_lookup_kdc = false\n"
           " dns_lookup_realm = false\n dns_canonicalize_hostname = true\n rdns = false\n"
           "[realms]\n MONGORO.TEST = {\n  kdc = 127.0.0.1:"
        << number << "\n }\n SILENT.TEST = {\n  kdc = 127.0.0.1:" << listen_silently() << "\n }\n";
    std::ofstream(folder_ + "/kdc.conf")
        << "[kdcdefaults]\n kdc_listen = 127.0.0.1:" << number
        << "\n kdc_tcp_listen = 127.0.0.1:" << number
        << "\n[realms]\n MONGORO.TEST = {\n  database_name = " << folder_
        << "/principal\n  key_stash_file = " << folder_ << "/stash\n  acl_file = " << folder_
        << "/acl\n }\n[logging]\n kdc = FILE:" << folder_ << "/kdc.log\n";
    const auto set = [&](const char* variable, const std::string& value) {
        ::setenv(variable, value.c_str(), 1);
    };
    set("KRB5_CONFIG", folder_ + "/krb5.conf");
    set("KRB5_KDC_PROFILE", folder_ + "/kdc.conf");
    set("KRB5_KTNAME", "FILE:" + folder_ + "/services");
    set("KRB5_CLIENT_KTNAME", "FILE:" + folder_ + "/no-keys");
    set("KRB5CCNAME", "FILE:" + folder_ + "/tickets");
    set("KRB5RCACHENAME", "none:");

    bool made = run("kdb5_util create -s -r MONGORO.TEST -P master");
    const auto admin = [&](const std::string& query) {
        made = made && run("kadmin.local -r MONGORO.TEST -q '" + query + "'");
    };
    for (const std::string user : {"ada", "bob", "-expire 2020-01-01 old"}) {
        admin("addprinc -pw pencil " + user);
    }
    for (const std::string service :
         {"mongodb/127.0.0.1", "mongodb/localhost", "other/127.0.0.1"}) {
        admin("addprinc -randkey " + service);
        admin("ktadd -k " + folder_ + "/services " + service);
    }
    admin("addprinc -randkey -expire 2020-01-01 old/127.0.0.1");
    if (!made) {
        broken_ = "the realm could not be made";
        return;
    }
    kdc_ = ::fork();
    if (kdc_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::execlp("krb5kdc", "krb5kdc", "-n", "-r", "MONGORO.TEST", nullptr);
        ::_exit(127);
    }
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!answers(port)) {
        if (std::chrono::steady_clock::now() > limit) {
            broken_ = "krb5kdc does not answer";
            return;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    if (!run("echo pencil | kinit ada@MONGORO.TEST")) {
        broken_ = "kinit got no ticket";
    }
}

kerberos_realm& test_realm() {
    static kerberos_realm realm;
    return realm;
}

gssapi_server::~gssapi_server() {
    for (auto& [connection, with] : under_way_) {
        OM_uint32 minor = 0;
        gss_delete_sec_context(&minor, &with.context, GSS_C_NO_BUFFER);
    }
}

bool gssapi_server::step(login& with, const std::string& payload, std::string& out, bool& done) {
    OM_uint32 minor = 0;
    gss_buffer_desc in{payload.size(), const_cast<char*>(payload.data())};  // NOLINT: the API's
    gss_buffer_desc made = GSS_C_EMPTY_BUFFER;
    OM_uint32 major = GSS_S_COMPLETE;
    if (with.at == state::tokens) {
        major = gss_accept_sec_context(&minor, &with.context, GSS_C_NO_CREDENTIAL, &in,
                                       GSS_C_NO_CHANNEL_BINDINGS, nullptr, nullptr, &made, nullptr,
                                       nullptr, nullptr);
        if (major == GSS_S_COMPLETE) {
            with.at = state::offer;
            gss_name_t target = GSS_C_NO_NAME;
            gss_buffer_desc shown = GSS_C_EMPTY_BUFFER;
            gss_inquire_context(&minor, with.context, nullptr, &target, nullptr, nullptr, nullptr,
                                nullptr, nullptr);
            gss_display_name(&minor, target, &shown, nullptr);
            service_ = text_of(shown);
            gss_release_buffer(&minor, &shown);
            gss_release_name(&minor, &target);
        }
    } else if (with.at == state::offer) {
        std::string offer{static_cast<char>(layers_), 0, 16, 0};
        gss_buffer_desc plain{offer.size(), offer.data()};
        major = gss_wrap(&minor, with.context, 0, GSS_C_QOP_DEFAULT, &plain, nullptr, &made);
        with.at = state::choice;
    } else {
        major = gss_unwrap(&minor, with.context, &in, &made, nullptr, nullptr);
        const auto choice = text_of(made);
        if (!GSS_ERROR(major) && choice.substr(0, 4) == std::string("\1\0\0\0", 4)) {
            user_ = choice.substr(4);
            done = true;
        }
        gss_release_buffer(&minor, &made);
        return done;
    }
    out = text_of(made);
    gss_release_buffer(&minor, &made);
    return !GSS_ERROR(major);
}

bson::document gssapi_server::answer(const received_command& command) {
    const std::lock_guard lock(mutex_);
    bson::binary_view sent;
    std::string out;
    bool done = false;
    if (command.body["payload"].read(sent) != errc{} ||
        !step(under_way_[command.connection],
              {reinterpret_cast<const char*>(sent.bytes.data()), sent.bytes.size()}, out, done)) {
        return op_msg_peer::error_document(18, "AuthenticationFailed", "Authentication failed.");
    }
    bson::document reply;
    reply.append("conversationId", 1)
        .append("done", done)
        .append("payload",
                bson::binary_view{bson::binary_subtype::generic,
                                  {reinterpret_cast<const std::uint8_t*>(out.data()), out.size()}})
        .append("ok", 1.0);
    return reply;
}

void gssapi_server::serve(op_msg_peer& peer) {
    for (const std::string name : {"saslStart", "saslContinue"}) {
        peer.always(name,
                    reply_script().answer([this](const received_command& c) { return answer(c); }));
    }
}

std::string gssapi_server::user() const {
    const std::lock_guard lock(mutex_);
    return user_;
}

std::string gssapi_server::service() const {
    const std::lock_guard lock(mutex_);
    return service_;
}

}  // namespace mongoro::test
