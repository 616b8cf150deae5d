#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace ringway::proxy {

/// What a program may decide on; the words for a person are in `Error::context`.
enum class ErrorCode : std::uint8_t {
  kInvalid,      ///< the caller's or a person's input is wrong
  kNotFound,     ///< what was asked for does not exist
  kPermission,   ///< a right or capability is missing
  kInUse,        ///< an address, name or file belongs to somebody else
  kUnsupported,  ///< this kernel, build or server cannot do it
  kExhausted,    ///< a named limit was reached
  kUnavailable,  ///< the other side does not answer now; a later try may succeed
  kInternal,     ///< a bug of ours
};

/// A failure outside the data plane. Each layer that passes one on prefixes what it was doing, so that the whole
/// reads "binding web/http on 10.0.0.1:80: address in use: stop the other process or choose another port".
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string context;

  [[nodiscard]] Error prefixed(std::string_view doing) && {
    context.insert(0, std::string(doing) + ": ");
    return std::move(*this);
  }
};

template <typename T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> failure(ErrorCode code, std::string context) {
  return std::unexpected(Error{code, std::move(context)});
}

/// A failure of a system call: `doing` names call and object; the text of `errno_value` follows it.
[[nodiscard]] Error system_error(int errno_value, std::string_view doing);

}  // namespace ringway::proxy
