#pragma once

#include <sys/stat.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <string>

#include "proxy/core/error.h"

namespace ringway::daemon {

using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol>;

/// A listening socket of the admin API, of either family or in the file system.
struct AdminListener {
  Acceptor acceptor;
  std::string address;        ///< for `--admin`: `http://127.0.0.1:9900`, `unix:/run/ringway/admin.sock`
  std::string socket_path;    ///< "" for TCP
  struct stat socket_file{};  ///< who the file at `socket_path` is
  bool loopback = false;      ///< TCP on a loopback address

  /// Removes the socket's file if it is still ours.
  void remove_file() const;
};

/// Listens on `where`: `127.0.0.1:9900` (port 0 = any that is free), `[::1]:9900` or `unix:PATH`. A unix socket gets
/// mode 0600; a file that an ended process left there is replaced, one that answers is not.
proxy::Result<AdminListener> listen_admin(const boost::asio::any_io_executor& executor, const std::string& where);

}  // namespace ringway::daemon
