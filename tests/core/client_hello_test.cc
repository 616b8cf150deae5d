#include "proxy/core/client_hello.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "tests/harness/client_hello.h"

namespace ringway::proxy {
namespace {

using test::client_hello;
using test::in_records;

/// The server name, or what is amiss.
std::string read(const std::string& text) {
  const auto hello = parse_client_hello(std::as_bytes(std::span(text)));
  if (hello) {
    return hello->server_name.empty() ? "no name" : hello->server_name;
  }
  return hello.error() == ClientHelloError::kIncomplete ? "incomplete" : "invalid";
}

std::string number(std::size_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = bytes; i > 0; --i) {
    text += static_cast<char>(value >> 8 * (i - 1) & 0xffU);
  }
  return text;
}
std::string with_length(const std::string& text, std::size_t bytes) {
  return number(text.size(), bytes) + text;
}
std::string extension(std::uint16_t type, const std::string& value) {
  return number(type, 2) + with_length(value, 2);
}
std::string host_names(const std::string& list) {
  return extension(0, with_length(list, 2));
}
std::string host_name(const std::string& name) {
  return number(0, 1) + with_length(name, 2);
}

/// A ClientHello in one record, by hand.
struct Parts {
  std::string version = "\x03\x03";
  std::string session_id = std::string(32, 's');
  std::string ciphers = "\x13\x01\x0a\x0a";
  std::string compressions = std::string(1, '\0');
  std::string extensions = host_names(host_name("shop.example"));
  std::string tail = "";  ///< after the extensions
  bool no_extensions = false;

  [[nodiscard]] std::string text() const {
    std::string body = version + std::string(32, 'r') + with_length(session_id, 1) + with_length(ciphers, 2) +
                       with_length(compressions, 1);
    body += no_extensions ? "" : with_length(extensions, 2);
    body += tail;
    return "\x16\x03\x01" + with_length("\x01" + with_length(body, 3), 2);
  }
};

std::string with_extensions(const std::string& extensions) {
  return read(Parts{.extensions = extensions}.text());
}

TEST(ClientHelloTest, the_name_that_openssl_asks_for_is_read) {
  EXPECT_EQ(read(client_hello("shop.example")), "shop.example");
  EXPECT_EQ(read(client_hello("shop.example", TLS1_2_VERSION)), "shop.example");
  EXPECT_EQ(read(client_hello("")), "no name");
  EXPECT_EQ(read(client_hello("", TLS1_2_VERSION)), "no name");
}

TEST(ClientHelloTest, a_name_is_in_lower_case_without_the_last_dot) {
  EXPECT_EQ(read(client_hello("Shop.EXAMPLE.")), "shop.example");
  EXPECT_EQ(read(client_hello("shop.example..")), "shop.example.");
}

TEST(ClientHelloTest, every_beginning_is_incomplete) {
  for (const std::string& hello : {client_hello("shop.example"), in_records(client_hello("shop.example"), 7)}) {
    for (std::size_t size = 0; size < hello.size(); ++size) {
      ASSERT_EQ(read(hello.substr(0, size)), "incomplete") << size;
    }
    EXPECT_EQ(read(hello + "what follows is not looked at"), "shop.example");
  }
}

TEST(ClientHelloTest, a_handshake_may_be_cut_into_records_anywhere) {
  const std::string hello = client_hello("shop.example");
  for (std::size_t bytes = 1; bytes < hello.size(); ++bytes) {
    ASSERT_EQ(read(in_records(hello, bytes)), "shop.example") << bytes;
  }
}

TEST(ClientHelloTest, what_is_no_tls_is_known_by_its_first_byte) {
  EXPECT_EQ(read("G"), "invalid");
  EXPECT_EQ(read("\x16\x02"), "invalid");
  EXPECT_EQ(read("SSH-2.0-OpenSSH"), "invalid");
  EXPECT_EQ(read(std::string("\x80\x2e\x01\x03\x01", 5)), "invalid") << "the form of SSL 2";
  EXPECT_EQ(read(std::string("\x15\x03\x01\x00\x02\x02\x28", 7)), "invalid") << "an alert";
  EXPECT_EQ(read(std::string("\x16\x03\x01\x00\x04\x02\x00\x00\x00", 9)), "invalid") << "a ServerHello";
}

TEST(ClientHelloTest, wrong_records_are_invalid) {
  EXPECT_EQ(read(std::string("\x16\x03\x01\x00\x00", 5)), "invalid") << "an empty one";
  EXPECT_EQ(read(std::string("\x16\x03\x01\x40\x01", 5)), "invalid") << "more than 2^14 bytes";
  std::string other = in_records(client_hello("shop.example"), 100);
  other[105] = 23;
  EXPECT_EQ(read(other), "invalid") << "application data between two parts of a handshake";
}

TEST(ClientHelloTest, one_without_end_is_invalid_at_once) {
  EXPECT_EQ(read(std::string("\x16\x03\x01\x01\x00\x01\x00\x40\x01", 9)), "invalid");
}

TEST(ClientHelloTest, wrong_lengths_are_invalid) {
  EXPECT_EQ(read(Parts{}.text()), "shop.example");
  EXPECT_EQ(read(Parts{.no_extensions = true}.text()), "no name") << "before TLS 1.3 they may be missing";
  EXPECT_EQ(read(Parts{.session_id = std::string(33, 's')}.text()), "invalid");
  EXPECT_EQ(read(Parts{.ciphers = "\x13"}.text()), "invalid");
  EXPECT_EQ(read(Parts{.ciphers = ""}.text()), "invalid");
  EXPECT_EQ(read(Parts{.compressions = ""}.text()), "invalid");
  EXPECT_EQ(read(Parts{.version = "\x02\x03"}.text()), "invalid");
  EXPECT_EQ(read(Parts{.tail = "x"}.text()), "invalid");
  EXPECT_EQ(with_extensions("x"), "invalid");
  EXPECT_EQ(with_extensions(number(5, 2) + number(3, 2) + "x"), "invalid");
}

TEST(ClientHelloTest, unknown_extensions_are_passed_over) {
  const std::string grease = extension(0x1a1a, "") + extension(0xfafa, "x");  // RFC 8701
  EXPECT_EQ(with_extensions(grease + host_names(host_name("shop.example")) + grease), "shop.example");
  EXPECT_EQ(with_extensions(grease), "no name");
}

TEST(ClientHelloTest, a_list_has_one_host_name) {
  EXPECT_EQ(with_extensions(host_names(host_name("a.example") + host_name("b.example"))), "invalid");
  EXPECT_EQ(with_extensions(host_names(host_name("a.example")) + host_names(host_name("b.example"))), "invalid");
  EXPECT_EQ(with_extensions(host_names(number(7, 1) + with_length("other", 2) + host_name("b.example"))), "b.example");
  EXPECT_EQ(with_extensions(host_names("")), "invalid");
  EXPECT_EQ(with_extensions(extension(0, "")), "invalid");
  EXPECT_EQ(with_extensions(host_names(host_name(""))), "invalid");
  EXPECT_EQ(with_extensions(extension(0, with_length(host_name("a.example"), 2) + "x")), "invalid");
}

TEST(ClientHelloTest, a_name_has_the_letters_of_a_host) {
  EXPECT_EQ(with_extensions(host_names(host_name("a b"))), "invalid");
  EXPECT_EQ(with_extensions(host_names(host_name("a\nb"))), "invalid");
  EXPECT_EQ(with_extensions(host_names(host_name(std::string("a\0b", 3)))), "invalid");
  EXPECT_EQ(with_extensions(host_names(host_name("\xc3\xa4.example"))), "invalid");
  EXPECT_EQ(with_extensions(host_names(host_name("."))), "invalid");
  EXPECT_EQ(with_extensions(host_names(host_name("_a-1.example"))), "_a-1.example");
  EXPECT_EQ(with_extensions(host_names(host_name(std::string(255, 'a')))), std::string(255, 'a'));
  EXPECT_EQ(with_extensions(host_names(host_name(std::string(256, 'a')))), "invalid");
}

}  // namespace
}  // namespace ringway::proxy
