#include <mongoro/error.hpp>
#include <mongoro/result.hpp>

#include "error/shown_text.hpp"

#include <algorithm>
#include <atomic>

namespace mongoro {

namespace {

const char* text_of(errc e) noexcept {
    switch (e) {
        case errc::invalid_argument:
            return "invalid argument";
        case errc::not_supported:
            return "not supported";
        case errc::invalid_uri:
            return "invalid connection string";
        case errc::invalid_namespace:
            return "invalid namespace";
        case errc::wrong_thread:
            return "called from a thread that is not the reactor's";
        case errc::inside_reactor:
            return "a blocking call from inside the reactor";
        case errc::client_closed:
            return "the client or cursor is closed";
        case errc::reactor_stopped:
            return "the reactor stopped";
        case errc::used_after_fork:
            return "used in a child process after fork()";
        case errc::operation_cancelled:
            return "operation cancelled";
        case errc::deadline_exceeded:
            return "deadline exceeded";
        case errc::connect_timed_out:
            return "connect timed out";
        case errc::server_selection_timeout:
            return "server selection timed out";
        case errc::wait_queue_timeout:
            return "timed out waiting for a connection of the pool";
        case errc::socket_timed_out:
            return "no reply in time";
        case errc::name_resolution_failed:
            return "name resolution failed";
        case errc::connect_failed:
            return "connect failed";
        case errc::network_error:
            return "network error";
        case errc::connection_closed:
            return "connection closed by the peer";
        case errc::pool_cleared:
            return "connection pool cleared";
        case errc::tls_failed:
            return "TLS failed";
        case errc::proxy_failed:
            return "proxy failed";
        case errc::malformed_message:
            return "malformed message";
        case errc::message_too_large:
            return "message too large";
        case errc::checksum_mismatch:
            return "message checksum mismatch";
        case errc::unexpected_reply:
            return "reply to another request";
        case errc::malformed_reply:
            return "malformed reply";
        case errc::handshake_failed:
            return "handshake failed";
        case errc::incompatible_server:
            return "incompatible server";
        case errc::authentication_failed:
            return "authentication failed";
        case errc::malformed_bson:
            return "malformed BSON";
        case errc::invalid_utf8:
            return "invalid UTF-8";
        case errc::embedded_nul:
            return "embedded NUL";
        case errc::key_not_found:
            return "key not found";
        case errc::wrong_type:
            return "wrong type";
        case errc::out_of_range:
            return "out of range";
        case errc::invalid_json:
            return "invalid JSON";
        case errc::document_too_large:
            return "document too large";
        case errc::too_deep:
            return "nested too deeply";
        case errc::command_failed:
            return "command failed";
        case errc::write_failed:
            return "write failed";
        case errc::write_concern_failed:
            return "write concern failed";
        case errc::stale_primary:
            return "stale primary";
        case errc::wrong_replica_set:
            return "wrong replica set";
    }
    return "unknown error";
}

class category final : public std::error_category {
 public:
    const char* name() const noexcept override { return "mongoro"; }
    std::string message(int value) const override { return text_of(static_cast<errc>(value)); }
};

const error::details& no_details() noexcept {
    static const error::details none;
    return none;
}

}  // namespace

[[gnu::hot]] const std::error_category& error_category() noexcept {
    static const category instance;
    return instance;
}

[[gnu::hot]] std::error_code make_error_code(errc e) noexcept {
    return {static_cast<int>(e), error_category()};
}

struct error::record {
    details said;
    mutable std::atomic<std::size_t> uses = 1;
};

void error::share() const noexcept {
    shared_->uses.fetch_add(1, std::memory_order_relaxed);
}

void error::drop() const noexcept {
    if (shared_->uses.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        delete shared_;
    }
}

error::error(std::error_code code, std::string message) : error(code, std::move(message), {}) {}

error::error(std::error_code code, std::string message, error cause) : error(code) {
    details d;
    d.code = code;
    d.message = std::move(message);
    d.cause = std::move(cause);
    shared_ = new record{.said = std::move(d)};
}

error::error(details d) : error(d.code) {
    shared_ = new record{.said = std::move(d)};
}

std::string_view error::message() const noexcept {
    return shared_ != nullptr ? std::string_view(shared_->said.message) : std::string_view();
}

int error::server_code() const noexcept {
    return shared_ != nullptr ? shared_->said.server_code : 0;
}

std::string_view error::server_code_name() const noexcept {
    return shared_ != nullptr ? std::string_view(shared_->said.server_code_name)
                              : std::string_view();
}

std::string_view error::server_message() const noexcept {
    return shared_ != nullptr ? std::string_view(shared_->said.server_message) : std::string_view();
}

std::span<const std::string> error::labels() const noexcept {
    return shared_ != nullptr ? std::span<const std::string>(shared_->said.labels)
                              : std::span<const std::string>();
}

bool error::has_label(std::string_view label) const noexcept {
    const auto all = labels();
    return std::find(all.begin(), all.end(), label) != all.end();
}

std::span<const std::uint8_t> error::raw_reply() const noexcept {
    return shared_ != nullptr ? shared_->said.raw_reply : no_details().raw_reply;
}

std::span<const write_error> error::write_errors() const noexcept {
    return shared_ != nullptr ? shared_->said.write_errors : no_details().write_errors;
}

const write_concern_error* error::write_concern() const noexcept {
    return shared_ != nullptr ? shared_->said.write_concern.get() : nullptr;
}

const partial_write* error::partial() const noexcept {
    return shared_ != nullptr ? shared_->said.partial.get() : nullptr;
}

const error* error::cause() const noexcept {
    return shared_ != nullptr && shared_->said.cause ? &shared_->said.cause : nullptr;
}

std::string error::to_string() const {
    std::string text = code().message();
    if (message().ends_with(text)) {  // "address.zip: key not found" says its code itself
        text = message();
    } else if (!message().empty()) {
        text += ": ";
        text += message();
    }
    if (server_code() != 0) {
        text += " (server error " + std::to_string(server_code());
        if (!server_code_name().empty()) {
            text += ", ";
            text += detail::shown_text(server_code_name());
        }
        text += ')';
    }
    if (const auto failed = write_errors(); !failed.empty()) {
        text += " (" + std::to_string(failed.size()) + " write error" +
                (failed.size() == 1 ? "" : "s") + ", the first: index " +
                std::to_string(failed[0].index) + ", server error " +
                std::to_string(failed[0].code) + ')';
    }
    if (const auto* concern = write_concern()) {
        text += " (write concern error " + std::to_string(concern->code) + ')';
    }
    if (const auto* from = cause()) {
        // A cause of the same code only adds its words: the code is not said twice.
        const std::string whole = from->to_string();
        if (from->code() == code() && whole.starts_with(code().message())) {
            text += std::string_view(whole).substr(code().message().size());
        } else {
            text += ": " + whole;
        }
    }
    return text;
}

exception::exception(mongoro::error e)
    : std::system_error(e.code()),
      error_(std::move(e)),
      text_(std::make_shared<const std::string>(error_.to_string())) {}

namespace detail {

void throw_error(const error& e) {
    throw exception(e);
}

}  // namespace detail

}  // namespace mongoro
