#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string>

#include "config/kubeconfig.h"
#include "proxy/core/error.h"

namespace ringway::discovery {

/// A client certificate and its key in PEM; both empty for none.
struct ClientPair {
  std::string certificate;
  std::string key;
};

/// A TLS context for one connection: what trusts the server, and who we are. TLS 1.2 or later. `from_plugin` goes
/// before the certificate that the kubeconfig names. Files are read now.
proxy::Result<std::unique_ptr<boost::asio::ssl::context>> make_tls_context(const config::ClusterAccess& access,
                                                                           const ClientPair& from_plugin);

/// Before the handshake: which name the server must have (`tls-server-name`, else the host; an address must be one of
/// its certificate's), and that HTTP/1.1 is spoken.
void name_server(SSL* handle, const config::ClusterAccess& access);

/// After a handshake that failed: what is wrong with the server's certificate, "" where it was something else.
std::string why_not_trusted(SSL* handle);

}  // namespace ringway::discovery
