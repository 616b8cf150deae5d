#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/kubernetes/server/api_objects.h"

namespace ringway::test {

struct ApiServerOptions {
  bool tls = false;                 ///< with the certificate of tls/, for 127.0.0.1 and localhost
  bool client_certificate = false;  ///< asks for one of the authority of tls/
  std::string ip = "127.0.0.1";     ///< an IPv4 address of the network namespace that it is made in
};

/// A stand-in for a kube-apiserver, on a thread of its own: LIST in pages, WATCH with the past from a
/// version, and as much mischief as real ones and networks make. Any thread.
class ApiServer {
 public:
  explicit ApiServer(ApiServerOptions options = {});
  ~ApiServer();

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string url() const;
  /// A kubeconfig for it with these lines of YAML flow style under `user`.
  [[nodiscard]] std::string kubeconfig(const std::string& user = "{}", const std::string& cluster = "") const;

  /// Objects; every watch hears of each.
  void put(const std::string& resource, const nlohmann::json& object);
  void drop(const std::string& resource, const std::string& id);
  /// All items of a recorded list.
  void put_all(const std::string& resource, const std::string& recorded_list);
  void bookmark(const std::string& resource);
  void compact();

  /// Sends these bytes as one chunk of every watch of the resource.
  void send(const std::string& resource, const std::string& bytes);
  /// From now on what is sent to watches is sent in pieces of this many bytes, a chunk each; 0 = in one.
  void set_piece(std::size_t bytes);
  /// Sends this many bytes of the next event and then cuts the connection.
  void cut_next_event_after(std::size_t bytes);
  /// Ends all watches: in order, or without the last chunk.
  void end_watches();
  void cut_watches();
  /// The next `times` requests whose target begins so are answered with these bytes; then the connection is closed.
  void answer(const std::string& target, const std::string& bytes, int times = 1);
  /// From now on requests are read and not answered.
  void fall_silent(bool silent);
  /// Only requests with this token are let in; "" = all.
  void require_token(const std::string& token);
  /// Closes all connections and listens no more; `start` comes back to the same port.
  void stop();
  void start();

  /// Every target asked for, in order.
  [[nodiscard]] std::vector<std::string> requests() const;
  [[nodiscard]] std::size_t asked(const std::string& part) const;
  [[nodiscard]] std::size_t watches() const;
  [[nodiscard]] std::size_t accepted() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// A whole answer.
std::string http_answer(int status, const std::string& body, const std::string& more_headers = "");
/// A file of tls/: `ca.pem`, `client.pem`, `client.key`.
std::string tls_file(const std::string& name);

}  // namespace ringway::test
