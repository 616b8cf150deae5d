#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>

/// The first message of a TLS client, read in passing: nothing is decrypted or answered (RFC 8446, section 4.1.2, and
/// RFC 5246, section 7.4.1.2, whose form is the same). Pure.
namespace ringway::proxy {

struct ClientHello {
  /// The host that the client asks for (server_name, RFC 6066, section 3), in lower case and without the dot at its
  /// end; "" = it names none. With Encrypted Client Hello that is the outer name.
  std::string server_name;
};

enum class ClientHelloError : std::uint8_t {
  kIncomplete,  ///< right so far; ask again with more
  kInvalid,     ///< no TLS, or no ClientHello that RFC 8446 and RFC 6066 allow
};

/// A ClientHello beyond this is invalid: HAProxy (tune.bufsize) and Envoy (tls_inspector) hold as much. Real ones have
/// 200 to 2,000 bytes, post-quantum keys and the ticket of an earlier session included.
inline constexpr std::size_t kMaxClientHello_bytes = 16'384;

/// Reads the ClientHello that `bytes` begin with, be it cut into several records. Strict about all that stands before,
/// in and around the server name; values of other extensions are passed over.
[[nodiscard]] std::expected<ClientHello, ClientHelloError> parse_client_hello(std::span<const std::byte> bytes);

}  // namespace ringway::proxy
