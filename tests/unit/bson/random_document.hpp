#pragma once

#include <mongoro/bson/document.hpp>
#include <mongoro/bson/writer.hpp>

#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

// Documents of every BSON type with any contents that Extended JSON can hold, the same for the same
// seed.
namespace mongoro::test {

class random_document {
 public:
    /// `nul`: whether text may have NULs in it.
    explicit random_document(std::uint64_t seed, bool nul = true) : random_(seed), nul_(nul) {}

    [[nodiscard]] bson::document make() {
        bson::byte_buffer bytes;
        bson::writer out(bytes);
        out.begin_document();
        members(out, 0);
        out.end();
        return bson::document(std::move(bytes));
    }

 private:
    std::uint64_t below(std::uint64_t n) { return random_() % n; }

    /// Any characters but surrogates, from one to four bytes long.
    std::string text(std::size_t longest, bool nul) {
        std::string out;
        for (std::size_t n = below(longest + 1); n > 0; --n) {
            constexpr std::uint64_t limits[] = {0x20, 0x80, 0x800, 0x10000, 0x110000};
            auto c = below(limits[below(5)]);
            if ((c == 0 && !nul) || (c >= 0xD800 && c < 0xE000)) {
                c = '?';
            }
            const auto put = [&out](std::uint64_t byte) { out += static_cast<char>(byte); };
            if (c < 0x80) {
                put(c);
            } else if (c < 0x800) {
                put(0xC0 | c >> 6);
                put(0x80 | (c & 0x3F));
            } else if (c < 0x10000) {
                put(0xE0 | c >> 12);
                put(0x80 | (c >> 6 & 0x3F));
                put(0x80 | (c & 0x3F));
            } else {
                put(0xF0 | c >> 18);
                put(0x80 | (c >> 12 & 0x3F));
                put(0x80 | (c >> 6 & 0x3F));
                put(0x80 | (c & 0x3F));
            }
        }
        return out;
    }
    std::string text() { return text(12, nul_); }
    /// Not like that of a type wrapper: the format could not tell them apart.
    std::string key() {
        auto out = text(6, false);
        return out.starts_with('$') ? "_" + out : out;
    }
    std::vector<std::uint8_t> bytes() {
        std::vector<std::uint8_t> out(below(20));
        for (auto& byte : out) {
            byte = static_cast<std::uint8_t>(random_());
        }
        return out;
    }
    double real() {
        const auto any = std::bit_cast<double>(random_());
        // The payload of a NaN does not survive.
        return std::isnan(any) ? std::numeric_limits<double>::quiet_NaN() : any;
    }
    bson::object_id id() {
        std::uint8_t out[12];
        for (auto& byte : out) {
            byte = static_cast<std::uint8_t>(random_());
        }
        return bson::object_id(out);
    }

    void members(bson::writer& out, int depth) {
        for (std::size_t n = below(6); n > 0; --n) {
            value(out, key(), depth);
        }
    }
    void value(bson::writer& out, const std::string& key, int depth) {
        switch (below(depth < 4 ? 23 : 19)) {
            case 0:
                out.append(key, real());
                break;
            case 1:
                out.append(key, static_cast<double>(static_cast<std::int32_t>(random_())));
                break;
            case 2:
                out.append(key, text());
                break;
            case 3: {
                const auto subtype = static_cast<bson::binary_subtype>(below(256));
                out.append_binary(key, subtype, bytes());
                break;
            }
            case 4:
                out.append(key, bson::undefined{});
                break;
            case 5:
                out.append(key, id());
                break;
            case 6:
                out.append(key, below(2) == 0);
                break;
            case 7:
                out.append(
                    key,
                    bson::date(std::chrono::milliseconds(static_cast<std::int64_t>(random_()))));
                break;
            case 8:  // the years that relaxed mode writes as text
                out.append(key, bson::date(std::chrono::milliseconds(
                                    static_cast<std::int64_t>(below(253402300800000)))));
                break;
            case 9:
                out.append_null(key);
                break;
            case 10: {
                const auto pattern = text(8, false);
                out.append_regex(key, pattern, std::string("imsx").substr(below(5)));
                break;
            }
            case 11: {
                const auto collection = text(8, false);
                out.append_db_pointer(key, collection, id());
                break;
            }
            case 12:
                out.append(key, bson::code(text()));
                break;
            case 13:
                out.append(key, bson::symbol(text()));
                break;
            case 14:
                out.append_int32(key, static_cast<std::int32_t>(random_()));
                break;
            case 15:
                out.append(key, bson::timestamp{static_cast<std::uint32_t>(random_()),
                                                static_cast<std::uint32_t>(random_())});
                break;
            case 16:
                out.append_int64(key, static_cast<std::int64_t>(random_()));
                break;
            case 17: {
                const auto digits = std::to_string(random_());
                const auto exponent = static_cast<std::int64_t>(below(6000)) - 3000;
                out.append(
                    key,
                    bson::decimal128::from_string(digits + "E" + std::to_string(exponent)).value());
                break;
            }
            case 18:
                if (below(2) == 0) {
                    out.append(key, bson::max_key{});
                } else {
                    out.append(key, bson::min_key{});
                }
                break;
            case 19: {
                const auto code = text();
                out.append_code_with_scope(key, code, random_document(random_(), nul_).make());
                break;
            }
            case 20: {
                out.begin_array(key);
                bson::index_key index;
                for (std::size_t n = below(5); n > 0; --n, ++index) {
                    value(out, std::string(index.view()), depth + 1);
                }
                out.end();
                break;
            }
            default:
                out.begin_document(key);
                members(out, depth + 1);
                out.end();
                break;
        }
    }

    std::mt19937_64 random_;
    bool nul_;
};

}  // namespace mongoro::test
