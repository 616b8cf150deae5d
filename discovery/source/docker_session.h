#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "discovery/source/docker.h"
#include "discovery/source/docker_http.h"
#include "discovery/source/docker_table.h"
#include "discovery/source/reconnector.h"

namespace ringway::discovery {

/// One connection to an engine, from the version to the break: several coroutines that share a table and end together.
///
///   run: version ─▶ reader  (events ─▶ table)
///                ├▶ lister  (list ─▶ table, then a ping now and then)
///                └▶ workers (table's inspects ─▶ table), kWorkers of them
///
/// The first that fails ends all; `run` returns when the last has. Control thread.
class DockerSession final : public SourceSession, public std::enable_shared_from_this<DockerSession> {
 public:
  /// `live` is called when the list and all its inspects have been told.
  DockerSession(const boost::asio::any_io_executor& executor, std::string path, const DockerTimings& timings,
                DockerTable& table, Live live);

  /// Returns why it ended. Neither the table nor `live` is touched after `end`.
  boost::asio::awaitable<std::string> run() override;
  void end(std::string why) override;

 private:
  using Awaitable = boost::asio::awaitable<void>;
  static constexpr int kWorkers = 4;

  Awaitable read_events(std::string target);
  Awaitable list_and_ping(DockerConnection& control);
  Awaitable inspect_containers();
  /// What went wrong with this one container, "" for nothing.
  boost::asio::awaitable<std::string> inspect(DockerConnection& connection, const std::string& id);
  Awaitable ask_again_later(std::string id);
  Awaitable sleep(std::chrono::milliseconds duration);
  void spawn(Awaitable work);
  void table_changed();
  void inspect_ended(const std::string& id, const std::string& problem);
  DockerConnection& new_connection();

  boost::asio::any_io_executor executor_;
  std::string path_;
  DockerTimings timings_;
  DockerTable& table_;
  Live live_;
  std::string prefix_;  ///< "/v1.41"
  std::string engine_;  ///< "Docker 28.5.2, API 1.51"
  std::string problem_id_;
  std::string problem_;  ///< with the inspect of `problem_id_`
  bool announced_ = false;
  bool over_ = false;
  std::string why_;
  int running_ = 0;                     ///< coroutines that have not ended
  boost::asio::steady_timer work_;      ///< workers wait on it; cancelled when there is work
  boost::asio::steady_timer all_done_;  ///< `run` waits on it; cancelled when a coroutine ends
  std::set<boost::asio::steady_timer*> sleeping_;
  std::set<std::string> asked_again_;  ///< containers that `ask_again_later` has in hand
  std::vector<std::unique_ptr<DockerConnection>> connections_;
};

}  // namespace ringway::discovery
