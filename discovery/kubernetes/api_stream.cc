#include "discovery/kubernetes/api_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/ip/address.hpp>
#include <utility>

namespace ringway::discovery {
namespace {

/// A peer that answers no probe is given up after 30 + 3 × 10 seconds, whatever is under way.
constexpr int kKeepAliveIdle_s = 30;
constexpr int kKeepAliveInterval_s = 10;
constexpr int kKeepAliveProbes = 3;
constexpr int kUserTimeout_ms = 60'000;
/// ALPN's wire form of one protocol: its length, then its name (RFC 7301). h2 is not spoken here.
constexpr unsigned char kAlpn[] = "\x08http/1.1";

}  // namespace

proxy::Result<std::unique_ptr<ApiStream>> ApiStream::make(const boost::asio::any_io_executor& executor,
                                                          const config::ClusterAccess& access, const ClientPair& pair) {
  auto made = std::make_unique<ApiStream>();
  if (!access.tls) {
    made->plain_.emplace(executor);
    return made;
  }
  auto context = make_tls_context(access, pair);
  if (!context) {
    return std::unexpected(std::move(context.error()));
  }
  made->context_ = std::move(*context);
  made->tls_.emplace(executor, *made->context_);
  const std::string& name = access.tls_server_name.empty() ? access.host : access.tls_server_name;
  SSL* handle = made->tls_->native_handle();
  SSL_set_alpn_protos(handle, kAlpn, sizeof(kAlpn) - 1);
  boost::system::error_code no_address;
  boost::asio::ip::make_address(name, no_address);
  if (no_address) {
    SSL_set_tlsext_host_name(handle, name.c_str());
    SSL_set1_host(handle, name.c_str());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(handle), name.c_str());
  }
  return made;
}

void ApiStream::set_options() {
  const int fd = lowest().socket().native_handle();
  const auto set = [fd](int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof(value)); };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdle_s);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveInterval_s);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeout_ms);
}

std::string ApiStream::why_not_trusted() {
  if (!tls_) {
    return "";
  }
  const long result = SSL_get_verify_result(tls_->native_handle());
  return result == X509_V_OK ? "" : std::string("its certificate: ") + X509_verify_cert_error_string(result);
}

}  // namespace ringway::discovery
