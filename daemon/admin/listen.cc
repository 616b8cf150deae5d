#include "daemon/admin/listen.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "proxy/core/address.h"

namespace ringway::daemon {

namespace {

namespace net = boost::asio;
using net::generic::stream_protocol;
using proxy::ErrorCode;

constexpr std::string_view kUnix = "unix:";
constexpr mode_t kSocketMode = 0600;

proxy::Result<AdminListener> open(const net::any_io_executor& executor, const stream_protocol::endpoint& endpoint,
                                  const std::string& where) {
  AdminListener out{.acceptor = Acceptor(executor), .address = {}, .socket_path = {}};
  boost::system::error_code error;
  const int family = endpoint.protocol().family();
  out.acceptor.open(stream_protocol(family, 0), error);
  if (!error && family != AF_UNIX) {
    out.acceptor.set_option(net::socket_base::reuse_address(true), error);
  }
  // Linux gives the file the mode that the socket has when it is bound (unix(7), fchmod on the descriptor): there is no
  // moment in which others could connect, and the umask of other threads is left alone.
  if (!error && family == AF_UNIX && fchmod(out.acceptor.native_handle(), kSocketMode) != 0) {
    return std::unexpected(proxy::system_error(errno, "admin.listen: fchmod of " + where));
  }
  if (!error) {
    out.acceptor.bind(endpoint, error);
  }
  if (!error) {
    out.acceptor.listen(net::socket_base::max_listen_connections, error);
  }
  if (error) {
    return std::unexpected(proxy::system_error(error.value(), "admin.listen: listening on " + where));
  }
  return out;
}

/// Whether somebody listens at `endpoint`.
bool answers(const net::any_io_executor& executor, const net::local::stream_protocol::endpoint& endpoint) {
  net::local::stream_protocol::socket socket(executor);
  boost::system::error_code error;
  socket.connect(endpoint, error);
  return !error || error == net::error::try_again;
}

proxy::Result<AdminListener> listen_unix(const net::any_io_executor& executor, const std::string& where) {
  const std::string path = where.substr(kUnix.size());
  if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path)) {
    return proxy::failure(ErrorCode::kInvalid, "admin.listen: \"" + where + "\": a path of 1 to " +
                                                   std::to_string(sizeof(sockaddr_un::sun_path) - 1) +
                                                   " bytes is allowed");
  }
  const net::local::stream_protocol::endpoint endpoint(path);
  struct stat found{};
  if (lstat(path.c_str(), &found) == 0) {
    if (!S_ISSOCK(found.st_mode)) {
      return proxy::failure(ErrorCode::kInUse, "admin.listen: " + path + " exists and is no socket");
    }
    if (answers(executor, endpoint)) {
      return proxy::failure(ErrorCode::kInUse, "admin.listen: another process answers at " + where);
    }
    if (unlink(path.c_str()) != 0) {
      return std::unexpected(proxy::system_error(errno, "admin.listen: removing the stale " + path));
    }
  }
  auto out = open(executor, endpoint, where);
  if (out) {
    out->address = where;
    out->socket_path = path;
    lstat(path.c_str(), &out->socket_file);
  }
  return out;
}

}  // namespace

void AdminListener::remove_file() const {
  struct stat now{};
  if (!socket_path.empty() && lstat(socket_path.c_str(), &now) == 0 && now.st_dev == socket_file.st_dev &&
      now.st_ino == socket_file.st_ino) {
    unlink(socket_path.c_str());
  }
}

proxy::Result<AdminListener> listen_admin(const net::any_io_executor& executor, const std::string& where) {
  if (where.starts_with(kUnix)) {
    return listen_unix(executor, where);
  }
  const auto address = proxy::SocketAddress::parse(where);
  if (!address) {
    return proxy::failure(ErrorCode::kInvalid,
                          "admin.listen: \"" + where + "\": allowed: ADDRESS:PORT, [ADDRESS]:PORT, unix:PATH");
  }
  sockaddr_storage storage{};
  const socklen_t length = address->fill(storage);
  const stream_protocol::endpoint endpoint(reinterpret_cast<const sockaddr*>(&storage), length, IPPROTO_TCP);
  auto out = open(executor, endpoint, where);
  if (!out) {
    return out;
  }
  socklen_t capacity = sizeof(storage);
  if (getsockname(out->acceptor.native_handle(), reinterpret_cast<sockaddr*>(&storage), &capacity) != 0) {
    return std::unexpected(proxy::system_error(errno, "admin.listen: getsockname"));
  }
  const auto bound = proxy::SocketAddress::from(storage);
  out->address = "http://" + bound.to_string();
  out->loopback = bound.ip().is_loopback();
  return out;
}

}  // namespace ringway::daemon
