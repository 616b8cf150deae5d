#include "discovery/kubernetes/tls.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <utility>

#include "config/reader.h"

namespace ringway::discovery {
namespace {

namespace ssl = boost::asio::ssl;
using boost::asio::buffer;
using boost::system::error_code;
using proxy::ErrorCode;
using proxy::failure;
using proxy::Result;

/// The system's bundle of authorities has some 230 KiB.
constexpr std::size_t kMaxPemBytes = 4 << 20;

/// ALPN's wire form of one protocol: its length, then its name (RFC 7301). h2 is not spoken here.
constexpr unsigned char kAlpn[] = "\x08http/1.1";

Result<std::string> pem_of(const config::PemSource& source) {
  if (!source.text.empty() || source.file.empty()) {
    return source.text;
  }
  auto text = config::read_file(source.file, kMaxPemBytes);
  if (!text) {
    return failure(ErrorCode::kInvalid, source.file + ": " + text.error());
  }
  return *std::move(text);
}

std::string place_of(const config::PemSource& source, const std::string& what) {
  return what + (source.text.empty() && !source.file.empty() ? " " + source.file : "");
}

Result<void> trust(ssl::context& context, const config::ClusterAccess& access) {
  if (access.insecure_skip_tls_verify) {
    context.set_verify_mode(ssl::verify_none);
    return {};
  }
  context.set_verify_mode(ssl::verify_peer);
  error_code error;
  if (access.ca.empty()) {
    context.set_default_verify_paths(error);
  } else {
    const auto text = pem_of(access.ca);
    if (!text) {
      return std::unexpected(text.error());
    }
    context.add_certificate_authority(buffer(*text), error);
  }
  if (error) {
    return failure(ErrorCode::kInvalid, place_of(access.ca, "the certificate authority") + ": " + error.message() +
                                            ", certificates in PEM are needed");
  }
  return {};
}

Result<void> identify(ssl::context& context, const config::ClusterAccess& access, ClientPair pair) {
  const bool from_plugin = !pair.certificate.empty();
  if (!from_plugin) {
    auto certificate = pem_of(access.client_certificate);
    auto key = pem_of(access.client_key);
    if (!certificate || !key) {
      return std::unexpected(certificate ? key.error() : certificate.error());
    }
    pair = {*std::move(certificate), *std::move(key)};
  }
  if (pair.certificate.empty()) {
    return {};
  }
  error_code error;
  context.use_certificate_chain(buffer(pair.certificate), error);
  if (error) {
    return failure(ErrorCode::kInvalid, place_of(access.client_certificate, "the client certificate") + ": " +
                                            error.message() + ", a certificate in PEM is needed");
  }
  context.use_private_key(buffer(pair.key), ssl::context::pem, error);
  if (error) {
    return failure(ErrorCode::kInvalid, place_of(access.client_key, "the client key") + ": " + error.message() +
                                            ", the key of the client certificate in PEM is needed");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<ssl::context>> make_tls_context(const config::ClusterAccess& access,
                                                       const ClientPair& from_plugin) {
  auto context = std::make_unique<ssl::context>(ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
  if (auto trusted = trust(*context, access); !trusted) {
    return std::unexpected(std::move(trusted.error()));
  }
  if (auto identified = identify(*context, access, from_plugin); !identified) {
    return std::unexpected(std::move(identified.error()));
  }
  return context;
}

void name_server(SSL* handle, const config::ClusterAccess& access) {
  const std::string& name = access.tls_server_name.empty() ? access.host : access.tls_server_name;
  SSL_set_alpn_protos(handle, kAlpn, sizeof(kAlpn) - 1);
  error_code no_address;
  boost::asio::ip::make_address(name, no_address);
  if (no_address) {
    SSL_set_tlsext_host_name(handle, name.c_str());
    SSL_set1_host(handle, name.c_str());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(handle), name.c_str());
  }
}

std::string why_not_trusted(SSL* handle) {
  const long result = SSL_get_verify_result(handle);
  return result == X509_V_OK ? "" : std::string("its certificate: ") + X509_verify_cert_error_string(result);
}

}  // namespace ringway::discovery
