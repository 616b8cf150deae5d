#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

namespace ringway::test {

/// The first that OpenSSL says to a server as which it takes `name`; "" = it names none.
inline std::string client_hello(const std::string& name, int newest_version = TLS1_3_VERSION) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  SSL_CTX_set_max_proto_version(context.get(), newest_version);
  const std::unique_ptr<SSL, decltype(&SSL_free)> connection(SSL_new(context.get()), SSL_free);
  BIO* in = BIO_new(BIO_s_mem());
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(connection.get(), in, out);  // which owns both now
  if (!name.empty()) {
    SSL_set_tlsext_host_name(connection.get(), name.c_str());
  }
  SSL_connect(connection.get());
  std::string said(BIO_ctrl_pending(out), '\0');
  BIO_read(out, said.data(), static_cast<int>(said.size()));
  return said;
}

/// The same handshake in records of `bytes` each.
inline std::string in_records(const std::string& hello, std::size_t bytes) {
  constexpr std::size_t kHead_bytes = 5;
  std::string cut;
  for (std::size_t at = kHead_bytes; at < hello.size(); at += bytes) {
    const std::string part = hello.substr(at, bytes);
    cut += hello.substr(0, 3);
    cut += static_cast<char>(part.size() >> 8U);
    cut += static_cast<char>(part.size() & 0xffU);
    cut += part;
  }
  return cut;
}

}  // namespace ringway::test
