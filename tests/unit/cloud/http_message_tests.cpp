#include "freed_text.hpp"

#include "cloud/http_message.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace mongoro;
using namespace mongoro::cloud;
using namespace mongoro::test;

namespace {

/// Feeds it whole, and in pieces of every small size, which must all come to the same.
result<http_response> parsed(std::string_view text, bool closes = true) {
    const auto in_pieces = [&](std::size_t piece) -> result<http_response> {
        http_response_parser parser;
        for (std::size_t at = 0; at < text.size(); at += piece) {
            const auto whole = parser.feed(text.substr(at, piece));
            if (!whole) {
                return whole.error();
            }
            if (*whole) {
                return parser.take();
            }
        }
        if (closes) {
            if (auto end = parser.finish(); !end) {
                return end.error();
            }
            return parser.take();
        }
        return error(errc::connection_closed);
    };
    auto whole = in_pieces(text.size() + 1);
    for (const std::size_t piece : {1U, 2U, 3U, 7U}) {
        const auto again = in_pieces(piece);
        CHECK(again.error().code() == whole.error().code());
        if (again && whole) {
            CHECK(again->status == whole->status);
            CHECK(again->headers == whole->headers);
            CHECK(again->body == whole->body);
        }
    }
    return whole;
}

constexpr std::string_view ok = "HTTP/1.1 200 OK\r\n";

result<http_response> with_headers(std::string_view rest) {
    return parsed(std::string(ok) + std::string(rest));
}

}  // namespace

TEST_CASE("a body of a given length is read, and nothing behind it") {
    const auto r = parsed(
        "HTTP/1.1 200 OK\r\nContent-Type:  text/plain \r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1",
        false);
    REQUIRE(r);
    CHECK(r->status == 200);
    CHECK(r->body == "hello");
    REQUIRE(r->header("content-type") != nullptr);
    CHECK(*r->header("content-type") == "text/plain");
    CHECK(r->header("x") == nullptr);
}

TEST_CASE("a body without a length goes on until the peer closes") {
    const auto r = parsed("HTTP/1.0 404 Not Found\n\nnothing\nhere");
    REQUIRE(r);
    CHECK(r->status == 404);
    CHECK(r->body == "nothing\nhere");
}

TEST_CASE("chunks are put together; their extensions and the trailers are dropped") {
    const auto r = with_headers(
        "Transfer-Encoding: Chunked\r\n\r\n5;a=b\r\nhello\r\nC \r\n, wide\nworld\r\n0\r\nX: "
        "y\r\n\r\n");
    REQUIRE(r);
    CHECK(r->body == "hello, wide\nworld");
    CHECK(r->header("x") == nullptr);
}

TEST_CASE("answers that have no body end with their headers") {
    CHECK(parsed("HTTP/1.1 204 No Content\r\n\r\n", false)->body.empty());
    CHECK(parsed("HTTP/1.1 304\r\nContent-Length: 5\r\n\r\n", false)->status == 304);
    CHECK(with_headers("Content-Length: 0\r\n\r\n")->body.empty());
}

TEST_CASE("interim responses are passed over") {
    const auto r = parsed(
        "HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nhi");
    REQUIRE(r);
    CHECK(r->status == 201);
    CHECK(r->header("a") == nullptr);
    CHECK(r->body == "hi");
}

TEST_CASE("what is no response, or could be read in two ways, is malformed") {
    for (const std::string_view bad :
         {"FTP/1.1 200 OK\r\n\r\n", "HTTP/2 200\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n",
          "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 600 x\r\n\r\n", "HTTP/1.1 099 x\r\n\r\n",
          "HTTP/1.1 -10 x\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n", "\r\n\r\n",
          "HTTP/1.1 101 Switching Protocols\r\n\r\n"}) {
        CAPTURE(bad);
        CHECK(parsed(bad).error() == errc::malformed_reply);
    }
    for (const std::string_view bad :
         {"no colon\r\n\r\n", ": no name\r\n\r\n", "A : b\r\n\r\n", "A: b\r\n folded\r\n\r\n",
          "A: b\x01\r\n\r\n", "Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
          "Content-Length: 1, 1\r\n\r\nx", "Content-Length: -1\r\n\r\n",
          "Content-Length: +1\r\n\r\nx", "Content-Length: \r\n\r\n",
          "Content-Length: 99999999999999999999\r\n\r\n",
          "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
          "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\nx\r\n", "Transfer-Encoding: chunked\r\n\r\n\r\n",
          "Transfer-Encoding: chunked\r\n\r\n-1\r\n",
          "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n"}) {
        CAPTURE(bad);
        CHECK(with_headers(bad).error() == errc::malformed_reply);
    }
}

TEST_CASE("a peer that closes too early is connection_closed") {
    for (const std::string_view cut :
         {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nA: b",
          "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"}) {
        CAPTURE(cut);
        CHECK(parsed(cut).error() == errc::connection_closed);
    }
}

TEST_CASE("headers and bodies have their bounds, in every way that a body is sent") {
    const auto feed = [](std::string_view head, std::string_view piece, std::size_t times) {
        http_response_parser parser;
        auto last = parser.feed(head);
        for (std::size_t i = 0; i < times && last && !*last; ++i) {
            last = parser.feed(piece);
        }
        return last.error();
    };
    const std::string line = "A: " + std::string(1000, 'x') + "\r\n";
    CHECK(feed(ok, line, 66) == errc::message_too_large);
    CHECK(!feed(ok, line, 65));
    CHECK(feed(ok, std::string(1000, 'x'), 66) == errc::message_too_large);  // one line without end
    CHECK(feed(std::string(ok) + "Transfer-Encoding: chunked\r\n\r\n0\r\n", line, 66) ==
          errc::message_too_large);
    CHECK(feed("", "HTTP/1.1 100 Continue\r\n\r\n", 4000) == errc::message_too_large);

    const std::string kilobyte(1024, 'x');
    CHECK(!feed(std::string(ok) + "\r\n", kilobyte, 1024));
    CHECK(feed(std::string(ok) + "\r\n", kilobyte, 1025) == errc::message_too_large);
    CHECK(feed(std::string(ok) + "Content-Length: 1048577\r\n\r\n", "", 0) ==
          errc::message_too_large);
    CHECK(feed(std::string(ok) + "Transfer-Encoding: chunked\r\n\r\n100001\r\n", "", 0) ==
          errc::message_too_large);
    CHECK(feed(std::string(ok) + "Transfer-Encoding: chunked\r\n\r\n",
               "8000\r\n" + std::string(32768, 'x') + "\r\n", 33) == errc::message_too_large);
}

TEST_CASE("a URL is read, with what it leaves out") {
    const auto plain = http_url::parse("http://169.254.169.254");
    REQUIRE(plain);
    CHECK(!plain->origin.tls);
    CHECK(plain->origin.host == "169.254.169.254");
    CHECK(plain->origin.port == 80);
    CHECK(plain->target == "/");
    const auto all = http_url::parse("https://[fd00::1]:8443/a/b?c=d");
    REQUIRE(all);
    CHECK(all->origin.tls);
    CHECK(all->origin.host == "fd00::1");
    CHECK(all->origin.port == 8443);
    CHECK(all->target == "/a/b?c=d");
    CHECK(all->origin.to_string() == "[fd00::1]:8443");
    CHECK(http_url::parse("https://h")->origin.to_string() == "h");
    CHECK(http_url::parse("http://h:443")->origin.to_string() == "h:443");
    CHECK(http_url::parse("http://h?x=y")->target == "/?x=y");
}

TEST_CASE("what is no URL is refused, and not quoted") {
    for (const std::string_view bad :
         {"", "s3cr3t", "ftp://h/", "http://", "http:///x", "http://h:0/", "http://h:65536/",
          "http://h:x/", "http://h:/", "http://u:p@h/", "http://[::1", "http://[::1]x/",
          "http://h/a b", "http://h/a\r\nX: y", "http://h/#f", "http://a\nb/"}) {
        CAPTURE(bad);
        const auto e = http_url::parse(bad).error();
        CHECK(e == errc::invalid_argument);
        CHECK(e.to_string().find("s3cr3t") == std::string::npos);
    }
}

TEST_CASE("a request is written with what it needs") {
    http_request request;
    request.target = "/a?b=c";
    request.headers.emplace_back("Accept", "application/json");
    const http_origin to{.tls = false, .host = "h", .port = 81};
    CHECK(write_http_request(to, request)->text() ==
          "GET /a?b=c HTTP/1.1\r\nHost: h:81\r\nConnection: close\r\nAccept: "
          "application/json\r\n\r\n");
    request.method = "POST";
    request.body = "x=y";
    CHECK(write_http_request(to, request)->text() ==
          "POST /a?b=c HTTP/1.1\r\nHost: h:81\r\nConnection: close\r\nContent-Length: 3\r\n"
          "Accept: application/json\r\n\r\nx=y");
    // RFC 9110, 8.6: where a method might have a body, its absence is said.
    request.method = "PUT";
    request.body = "";
    CHECK(write_http_request(to, request)->text() ==
          "PUT /a?b=c HTTP/1.1\r\nHost: h:81\r\nConnection: close\r\nContent-Length: 0\r\n"
          "Accept: application/json\r\n\r\n");
}

TEST_CASE("a request that would become another one is refused") {
    const http_origin to{.tls = false, .host = "h", .port = 80};
    const auto refused = [&](const http_request& request) {
        return write_http_request(to, request).error() == errc::invalid_argument;
    };
    const auto with_header = [](std::string name, std::string value) {
        http_request request;
        request.headers.emplace_back(std::move(name), std::move(value));
        return request;
    };
    http_request request;
    request.target = "/a b";
    CHECK(refused(request));
    request.target = "/a\r\nX: y";
    CHECK(refused(request));
    request.target = "a";
    CHECK(refused(request));
    CHECK(refused(with_header("A", "b\r\nX: y")));
    CHECK(refused(with_header("A", std::string("b\0", 2))));
    CHECK(refused(with_header("A b", "c")));
    CHECK(refused(with_header("", "c")));
    request = {};
    request.method = "GET /";
    CHECK(refused(request));
    const http_origin split{.tls = false, .host = "h\r\nX: y", .port = 80};
    CHECK(write_http_request(split, {}).error() == errc::invalid_argument);
}

TEST_CASE("a text that is freed as it is, is found there") {
    const freed_text freed("s3cr3t");
    { const std::string text = "s3cr3t" + std::string(100, 'x'); }
    CHECK(freed.count() == (freed_text::works() ? 1 : 0));
}

TEST_CASE("a request leaves none of its secrets in freed memory") {
    const http_origin to{.tls = false, .host = "h", .port = 80};
    const freed_text freed("s3cr3t");
    {
        http_request request;
        request.method = "POST";
        request.headers.emplace_back("Authorization", "s3cr3t" + std::string(5'000, 'x'));
        request.body = "s3cr3t" + std::string(5'000, 'x');
        CHECK(write_http_request(to, request));
        request.headers.emplace_back("A", "b\r\n");
        CHECK(!write_http_request(to, request));
    }
    CHECK(freed.count() == 0);
}

TEST_CASE("a body leaves nothing of itself in freed memory, whatever its length is told by") {
    const std::string half = "s3cr3t" + std::string(1'994, 'x');
    const std::string both = half + half;
    for (const std::string_view head :
         {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
          "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n"}) {
        CAPTURE(head);
        const bool chunked = head.find("chunked") != std::string_view::npos;
        const freed_text freed("s3cr3t");
        for (const bool whole : {true, false}) {
            http_response_parser parser;
            CHECK(parser.feed(head));
            for (int i = 0; i < 2; ++i) {
                CHECK((!chunked || parser.feed("7d0\r\n")));
                CHECK(parser.feed(std::string_view(half).substr(0, 100)));
                CHECK(parser.feed(std::string_view(half).substr(100)));
                CHECK((!chunked || parser.feed("\r\n")));
            }
            if (whole) {
                CHECK((!chunked || parser.feed("0\r\n\r\n")));
                CHECK(parser.finish());
                const auto response = parser.take();
                CHECK(response.body == both);
            }
        }
        CHECK(freed.count() == 0);
    }
}
