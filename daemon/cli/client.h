#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "daemon/url.h"
#include "proxy/core/error.h"

namespace ringway::daemon {

/// Talks to the admin API of a running daemon. Every call blocks and makes a connection of its own.
class AdminClient {
 public:
  struct Answer {
    unsigned status = 0;
    nlohmann::json body;  ///< discarded where it is no JSON

    [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
    /// What the daemon says went wrong.
    [[nodiscard]] std::string error() const;
  };

  explicit AdminClient(AdminUrl where, std::chrono::milliseconds timeout = std::chrono::seconds(30))
      : where_(std::move(where)), timeout_(timeout) {}

  /// An Error where no daemon answers; its context says what to do then.
  proxy::Result<Answer> get(const std::string& target) const;
  proxy::Result<Answer> post(const std::string& target, const nlohmann::json& body) const;

  /// Reads server-sent events until the daemon ends the stream; that is an Error too. `message` returns false to end
  /// it.
  proxy::Result<void> stream(const std::string& target,
                             const std::function<bool(const nlohmann::json& data)>& message) const;

  [[nodiscard]] const std::string& address() const { return where_.text; }

 private:
  AdminUrl where_;
  std::chrono::milliseconds timeout_;
};

}  // namespace ringway::daemon
