#include "proxy/core/client_hello.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace ringway::proxy {
namespace {

constexpr std::uint8_t kHandshake = 22;    // ContentType, RFC 8446, section 5.1
constexpr std::uint8_t kMajorVersion = 3;  // of every TLS, in its records and in legacy_version
constexpr std::size_t kRecordHeader_bytes = 5;
constexpr std::size_t kMaxRecord_bytes = 16'384;  // 2^14, RFC 8446, section 5.1
constexpr std::uint32_t kClientHello = 1;         // HandshakeType
constexpr std::uint32_t kMaxSessionId_bytes = 32;
constexpr std::size_t kRandom_bytes = 32;
constexpr std::uint32_t kServerName = 0;  // ExtensionType, RFC 6066, section 1.1
constexpr std::uint32_t kHostName = 0;    // NameType, RFC 6066, section 3
constexpr std::uint32_t kMaxHostName_bytes = 255;

/// The bytes of the handshake, without the heads of the records that they are cut into. The first thing amiss stays:
/// after it nothing is given.
class Handshake {
 public:
  explicit Handshake(std::span<const std::byte> bytes) : rest_(bytes) {}

  [[nodiscard]] std::optional<ClientHelloError> amiss() const { return amiss_; }
  void refuse() { amiss_ = amiss_.value_or(ClientHelloError::kInvalid); }

  /// A number of so many bytes, the highest first; 0 where something is amiss.
  std::uint32_t number(std::size_t bytes) {
    std::uint32_t value = 0;
    each(bytes, [&value](std::byte byte) { value = value << 8U | std::to_integer<std::uint32_t>(byte); });
    return amiss_ ? 0 : value;
  }
  std::string text(std::size_t bytes) {
    std::string value;
    value.reserve(bytes);
    each(bytes, [&value](std::byte byte) { value += static_cast<char>(byte); });
    return value;
  }
  void skip(std::size_t bytes) {
    each(bytes, [](std::byte) {});
  }

 private:
  template <typename Take>
  void each(std::size_t bytes, Take&& take) {
    while (bytes > 0 && !amiss_) {
      if (in_record_ == 0) {
        open_record();
        continue;
      }
      const std::size_t here = std::min({bytes, in_record_, rest_.size()});
      if (here == 0) {
        amiss_ = ClientHelloError::kIncomplete;
        return;
      }
      std::ranges::for_each(rest_.first(here), take);
      rest_ = rest_.subspan(here);
      in_record_ -= here;
      bytes -= here;
    }
  }

  /// What is no TLS is told by its first byte already, for its server may be waiting for it.
  void open_record() {
    const auto at = [this](std::size_t index) { return std::to_integer<std::uint8_t>(rest_[index]); };
    if ((!rest_.empty() && at(0) != kHandshake) || (rest_.size() > 1 && at(1) != kMajorVersion)) {
      amiss_ = ClientHelloError::kInvalid;
      return;
    }
    if (rest_.size() < kRecordHeader_bytes) {
      amiss_ = ClientHelloError::kIncomplete;
      return;
    }
    in_record_ = std::size_t{at(3)} << 8U | at(4);
    rest_ = rest_.subspan(kRecordHeader_bytes);
    if (in_record_ == 0 || in_record_ > kMaxRecord_bytes) {
      amiss_ = ClientHelloError::kInvalid;
    }
  }

  std::span<const std::byte> rest_;
  std::size_t in_record_ = 0;  ///< bytes of the record that were not taken yet
  std::optional<ClientHelloError> amiss_;
};

/// A part of the handshake whose length was told: nothing in it may go beyond that.
class Part {
 public:
  Part(Handshake& handshake, std::size_t left) : handshake_(handshake), left_(left) {}

  [[nodiscard]] bool empty() const { return left_ == 0 || handshake_.amiss(); }
  std::uint32_t number(std::size_t bytes) { return take(bytes) ? handshake_.number(bytes) : 0; }
  std::string text(std::size_t bytes) { return take(bytes) ? handshake_.text(bytes) : std::string(); }
  void skip(std::size_t bytes) {
    if (take(bytes)) {
      handshake_.skip(bytes);
    }
  }
  /// What a length of `bytes` bytes announces.
  Part part(std::size_t bytes) {
    const std::uint32_t length = number(bytes);
    return {handshake_, take(length) ? length : 0};
  }
  [[nodiscard]] std::size_t left() const { return left_; }
  void rest() { skip(left_); }
  /// The length of this part is wrong.
  void refuse_unless(bool right) {
    if (!right) {
      handshake_.refuse();
    }
  }

 private:
  bool take(std::size_t bytes) {
    if (bytes > left_) {
      handshake_.refuse();
    }
    left_ -= std::min(bytes, left_);
    return !handshake_.amiss();
  }

  Handshake& handshake_;
  std::size_t left_;
};

bool is_of_a_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/// Nothing where that is no name of a host.
std::optional<std::string> canonical(std::string name) {
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (name.ends_with('.')) {
    name.pop_back();
  }
  const bool right = !name.empty() && std::ranges::all_of(name, is_of_a_name);
  return right ? std::optional(std::move(name)) : std::nullopt;
}

/// ServerNameList: one name of each type at the most, and host_name is the only type that there is.
std::string server_name(Part extension) {
  Part names = extension.part(2);
  names.refuse_unless(extension.empty() && !names.empty());
  std::optional<std::string> host;
  while (!names.empty()) {
    const std::uint32_t type = names.number(1);
    Part name = names.part(2);
    if (type != kHostName) {
      name.rest();
      continue;
    }
    name.refuse_unless(!host && name.left() <= kMaxHostName_bytes);
    host = canonical(name.text(name.left()));
    name.refuse_unless(host.has_value());
  }
  return host.value_or("");
}

}  // namespace

std::expected<ClientHello, ClientHelloError> parse_client_hello(std::span<const std::byte> bytes) {
  Handshake handshake(bytes);
  if (handshake.number(1) != kClientHello) {
    handshake.refuse();
  }
  const std::uint32_t length = handshake.number(3);
  if (length > kMaxClientHello_bytes) {
    handshake.refuse();
  }
  Part body(handshake, length);
  body.refuse_unless(body.number(1) == kMajorVersion);
  body.skip(1 + kRandom_bytes);
  Part session_id = body.part(1);
  session_id.refuse_unless(session_id.left() <= kMaxSessionId_bytes);
  session_id.rest();
  Part ciphers = body.part(2);
  ciphers.refuse_unless(ciphers.left() >= 2 && ciphers.left() % 2 == 0);
  ciphers.rest();
  Part compressions = body.part(1);
  compressions.refuse_unless(compressions.left() >= 1);
  compressions.rest();
  std::optional<std::string> name;
  if (!body.empty()) {  // before TLS 1.3 there may be no extensions at all
    Part extensions = body.part(2);
    extensions.refuse_unless(body.empty());
    while (!extensions.empty()) {
      const std::uint32_t type = extensions.number(2);
      Part extension = extensions.part(2);
      if (type == kServerName) {
        extension.refuse_unless(!name);
        name = server_name(extension);
      } else {
        extension.rest();
      }
    }
  }
  if (const auto amiss = handshake.amiss()) {
    return std::unexpected(*amiss);
  }
  return ClientHello{.server_name = name.value_or("")};
}

}  // namespace ringway::proxy
