#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "discovery/source/containerd.h"
#include "discovery/source/cri/client.h"
#include "discovery/source/cri_table.h"
#include "discovery/source/reconnector.h"

namespace ringway::discovery {

/// One connection to a runtime, from the version to the break. Control thread.
///
///   run: version ─▶ events ─▶ table, until the stream ends (a runtime without events: polled from then on)
///                └▶ list and the statuses that it lacks ─▶ table, now and then again
class CriSession final : public SourceSession, public std::enable_shared_from_this<CriSession> {
 public:
  CriSession(const boost::asio::any_io_executor& executor, const std::string& path, const CriTimings& timings,
             CriTable& table, std::shared_ptr<CallGate> gate, Live live);

  boost::asio::awaitable<std::string> run() override;
  void end(std::string why) override;

 private:
  void watch();
  void events_ended(const proxy::Error& why);
  /// One round; false where the connection is lost.
  boost::asio::awaitable<bool> list();
  boost::asio::awaitable<void> complete(std::vector<CriSandbox>& sandboxes);
  boost::asio::awaitable<void> complete(std::vector<CriContainer>& containers);
  void announce();

  boost::asio::any_io_executor executor_;
  CriTimings timings_;
  CriTable& table_;
  Live live_;
  CriClient client_;
  boost::asio::steady_timer pause_;  ///< between two lists
  std::string runtime_;              ///< "containerd 1.7.24, CRI v1"
  std::string problem_;              ///< with one of the statuses, the last round
  std::string announced_;
  bool polled_ = false;
  bool listed_ = false;
  bool over_ = false;
  std::string why_;
};

}  // namespace ringway::discovery
