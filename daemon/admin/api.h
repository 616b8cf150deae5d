#pragma once

#include "daemon/admin/http.h"
#include "daemon/board.h"

namespace ringway::daemon {

/// The routes of the admin API over a Board. An error is answered as `{"error": "…"}` with a fitting status.
class Api final : public Handler {
 public:
  static constexpr std::size_t kDefaultSessions = 1'000;
  static constexpr std::size_t kMaxSessions = 100'000;

  /// `board` must outlive it.
  explicit Api(Board& board) : board_(board) {}

  void handle(const Request& request, Reply reply) override;

 private:
  using Route = void (Api::*)(const Request&, const Reply&);

  static Route route(const Request& request, std::string& allowed);
  void get_livez(const Request& request, const Reply& reply);
  void get_readyz(const Request& request, const Reply& reply);
  void get_metrics(const Request& request, const Reply& reply);
  void get_overview(const Request& request, const Reply& reply);
  void get_list(const Request& request, const Reply& reply);
  void get_candidates(const Request& request, const Reply& reply);
  void get_sessions(const Request& request, const Reply& reply);
  void get_config(const Request& request, const Reply& reply);
  void get_version(const Request& request, const Reply& reply);
  void get_stream(const Request& request, const Reply& reply);
  void post_reload(const Request& request, const Reply& reply);
  void post_drain(const Request& request, const Reply& reply);

  Board& board_;
};

}  // namespace ringway::daemon
