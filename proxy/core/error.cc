#include "proxy/core/error.h"

#include <cerrno>
#include <system_error>

namespace ringway::proxy {
namespace {

ErrorCode code_of(int errno_value) {
  switch (errno_value) {
    case EACCES:
    case EPERM:
      return ErrorCode::kPermission;
    case EADDRINUSE:
    case EEXIST:
      return ErrorCode::kInUse;
    case EADDRNOTAVAIL:
    case ENOENT:
    case ENODEV:
      return ErrorCode::kNotFound;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
      return ErrorCode::kExhausted;
    case ENOSYS:
    case EOPNOTSUPP:
      return ErrorCode::kUnsupported;
    case EINVAL:
      return ErrorCode::kInvalid;
    default:
      return ErrorCode::kUnavailable;
  }
}

}  // namespace

Error system_error(int errno_value, std::string_view doing) {
  return {code_of(errno_value), std::string(doing) + ": " + std::generic_category().message(errno_value)};
}

}  // namespace ringway::proxy
