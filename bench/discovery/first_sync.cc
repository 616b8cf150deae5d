#include "bench/discovery/first_sync.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/harness/await.h"
#include "tests/harness/daemon.h"
#include "tests/harness/places.h"
#include "tests/kubernetes/server/api_server.h"

namespace ringway::bench {
namespace {

using nlohmann::json;
using std::chrono::duration;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{120};

json metadata(const config::Metadata& from) {
  return {{"name", from.name}, {"namespace", from.ns}, {"labels", from.labels}};
}

json as_json(const config::Service& service) {
  return {{"metadata", metadata(service.metadata)},
          {"spec",
           {{"type", "ClusterIP"},
            {"clusterIP", service.cluster_ips.front()},
            {"clusterIPs", service.cluster_ips},
            {"selector", {{"app", service.metadata.name}}},
            {"ports", {{{"name", "http"}, {"protocol", "TCP"}, {"port", service.ports.front().port}}}}}}};
}

json as_json(const config::EndpointSlice& slice) {
  json endpoints = json::array();
  for (const config::SliceEndpoint& one : slice.endpoints) {
    endpoints.push_back({{"addresses", {one.address.to_string()}},
                         {"conditions", {{"ready", one.ready}, {"serving", one.ready}, {"terminating", false}}},
                         {"nodeName", one.place.get().node},
                         {"zone", one.place.get().zone},
                         {"targetRef",
                          {{"kind", "Pod"},
                           {"namespace", slice.metadata.ns},
                           {"name", one.workload.view().substr(slice.metadata.ns.size() + 1)}}}});
  }
  return {{"metadata", metadata(slice.metadata)},
          {"addressType", "IPv4"},
          {"ports", {{{"name", "http"}, {"protocol", "TCP"}, {"port", slice.ports.front().port}}}},
          {"endpoints", endpoints}};
}

/// CPU time of the process, of all its threads (proc(5), stat: utime and stime).
double cpu_s(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string word;
  double ticks = 0;
  for (int field = 1; field <= 15 && file >> word; ++field) {
    ticks += field >= 14 ? std::stod(word) : 0;
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double ms_since(steady_clock::time_point begin) {
  return duration<double, std::milli>(steady_clock::now() - begin).count();
}

/// Asks until the daemon is ready; never for its metrics, which cost what there is.
bool await_ready(const test::Daemon& daemon) {
  return test::wait_until(kPatience, [&daemon] { return daemon.ready(); });
}

struct Answer {
  double took_ms = 0;
  double bytes = 0;
  double longest_wait_ms = 0;  ///< of another client, meanwhile
  double resident_bytes = 0;   ///< at the most
};

/// `target` is read whole while another client asks for next to nothing every 2 ms: it waits for as long as the control
/// thread does not let go.
Answer ask(const test::Daemon& daemon, const std::string& target) {
  constexpr std::chrono::milliseconds kPace{2};
  Answer answer;
  std::atomic<bool> done{false};
  const auto begin = steady_clock::now();
  std::thread reader([&] {
    answer.bytes = static_cast<double>(daemon.get(target).body.size());
    answer.took_ms = ms_since(begin);
    done = true;
  });
  for (auto next = begin + kPace; !done; next = std::max(next + kPace, steady_clock::now())) {
    const auto asked = steady_clock::now();
    static_cast<void>(daemon.get("/livez"));
    answer.longest_wait_ms = std::max(answer.longest_wait_ms, ms_since(asked));
    answer.resident_bytes = std::max(answer.resident_bytes, static_cast<double>(daemon.resident_bytes()));
    std::this_thread::sleep_until(next);
  }
  reader.join();
  return answer;
}

void measure_answers(test::Daemon& daemon) {
  const pid_t pid = daemon.process().pid();
  for (const char* target : {"/metrics", "/api/v1/services", "/api/v1/endpoints"}) {
    const double cpu = cpu_s(pid);
    const Answer answer = ask(daemon, target);
    std::printf(
        "  %s: %.1f MB in %.0f ms, %.2f s of CPU; another client waited %.1f ms at the longest; RSS up to %.0f MiB\n",
        target, answer.bytes / 1e6, answer.took_ms, cpu_s(pid) - cpu, answer.longest_wait_ms,
        answer.resident_bytes / (1 << 20));
  }
}

}  // namespace

bool measure_first_sync(const std::vector<Kind>& kinds, const std::string& mode) {
  Cluster cluster(kinds);
  test::ApiServer api;
  for (const auto& service : cluster.configuration()->services) {
    api.put("services", as_json(service));
  }
  for (const auto& slice : cluster.slices()) {
    api.put("endpointslices", as_json(slice));
  }
  const test::TemporaryFolder folder;
  std::ofstream(folder / "kubeconfig") << api.kubeconfig();
  const auto begin = steady_clock::now();
  test::Daemon daemon({.config = "",
                       .spec_lines = {"workers: 1", "log: {level: warn}", "virtualIPs: {mode: " + mode + "}",
                                      "discovery: {kubernetes: {kubeconfig: \"" + (folder / "kubeconfig") + "\"}}"},
                       .wait_ready = false});
  const auto endpoints = static_cast<double>(cluster.endpoints());
  bool known = await_ready(daemon);
  const double took_ms = ms_since(begin);
  const auto resident = static_cast<double>(daemon.resident_bytes());
  const double cpu = cpu_s(daemon.process().pid());
  known = known && daemon.metric("ringway_endpoints", {{"state", "ready"}}).value_or(0) == endpoints;
  std::printf("\n%zu Services, %zu endpoints from an API, the whole daemon, virtualIPs.mode %s\n",
              cluster.configuration()->services.size(), cluster.endpoints(), mode.c_str());
  if (!known) {
    std::printf("  not in force after %.0f s\n%s\n", took_ms / 1e3, daemon.log().c_str());
    return false;
  }
  std::printf(
      "  from exec until all are in force: %.0f ms, %.2f s of CPU; RSS %.0f MiB, %.0f bytes for each endpoint\n",
      took_ms, cpu, resident / (1 << 20), resident / endpoints);
  measure_answers(daemon);
  return true;
}

}  // namespace ringway::bench
