#include "tests/harness/http.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http.hpp>

#include "tests/harness/tcp_client.h"

namespace ringway::test {
namespace {

HttpAnswer talk(int fd, const std::string& request, milliseconds limit) {
  namespace beast = boost::beast;
  const auto deadline = Clock::now() + limit;
  beast::http::response_parser<beast::http::string_body> parser;
  parser.eager(true);
  parser.body_limit(boost::none);
  std::string pending;
  std::array<char, 65536> buffer;
  if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    return {};
  }
  while (!parser.is_done()) {
    pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
    if (poll(&entry, 1, until(deadline)) <= 0) {
      return {};
    }
    const ssize_t got = recv(fd, buffer.data(), buffer.size(), 0);
    beast::error_code error;
    if (got > 0) {
      pending.append(buffer.data(), static_cast<std::size_t>(got));
      pending.erase(0, parser.put(boost::asio::buffer(pending), error));
    } else if (got == 0 && parser.got_some()) {
      parser.put_eof(error);
    } else {
      return {};
    }
    if (error && error != beast::http::error::need_more) {
      return {};
    }
  }
  return {static_cast<int>(parser.get().result_int()), parser.get().body()};
}

}  // namespace

Fd connect_unix(const std::string& path) {
  Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof name.sun_path - 1);
  return connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 ? std::move(fd) : Fd();
}

HttpAnswer http(const std::string& where, const std::string& method, const std::string& target, const std::string& body,
                const std::string& headers, milliseconds limit) {
  std::string request = method + " " + target + " HTTP/1.1\r\nConnection: close\r\n" + headers;
  if (headers.find("Host:") == std::string::npos) {
    request += "Host: " + (where.starts_with("unix:") ? "localhost" : where) + "\r\n";
  }
  if (!body.empty() || method == "POST") {
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  request += "\r\n" + body;
  if (where.starts_with("unix:")) {
    const Fd fd = connect_unix(where.substr(5));
    return fd ? talk(fd.get(), request, limit) : HttpAnswer{};
  }
  const auto address = SocketAddress::parse(where);
  const TcpClient client(address.value_or(SocketAddress()), limit);
  return client.connected() ? talk(client.fd(), request, limit) : HttpAnswer{};
}

}  // namespace ringway::test
