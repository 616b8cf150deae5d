#include "proxy/core/affinity_table.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <fstream>
#include <memory>
#include <thread>
#include <vector>

namespace ringway::proxy {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

/// More clients than places in a few sets, so that workers meet in them.
constexpr std::uint32_t kClients = 2000;

TEST(AffinityTableTest, workers_that_come_at_once_never_see_half_of_a_place) {
  AffinityTable table;
  const Time now(hours(1));
  const auto client = [](std::uint32_t number) { return IpAddress::v4(0x0a000000 + number % kClients); };
  std::vector<std::thread> workers;
  std::vector<int> torn(4, 0);
  for (std::uint32_t worker = 0; worker < torn.size(); ++worker) {
    workers.emplace_back([&, worker] {
      for (std::uint32_t round = 0; round < 20'000; ++round) {
        const std::uint32_t number = round * 7 + worker;
        const std::uint64_t workload = number % kClients;
        table.set(client(number), {.workload = workload, .port = static_cast<std::uint16_t>(workload)}, now,
                  seconds(9));
        const auto found = table.find(client(number + 1), now, seconds(9));
        if (found && (found->workload != (number + 1) % kClients || found->port != found->workload)) {
          ++torn[worker];
        }
      }
    });
  }
  for (auto& worker : workers) {
    worker.join();
  }
  EXPECT_EQ(torn, (std::vector<int>{0, 0, 0, 0}));
  EXPECT_EQ(table.clients(now, seconds(9)), kClients);
  EXPECT_EQ(table.evictions(), 0U);
}

/// Resident memory of this process, in pages (proc(5), statm).
std::size_t resident_pages() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return resident;
}

TEST(AffinityTableTest, memory_is_touched_only_where_clients_are) {
  const Time now(hours(1));
  std::vector<std::unique_ptr<AffinityTable>> tables(30);
  for (auto& table : tables) {
    table = std::make_unique<AffinityTable>();
    table->set(IpAddress::v4(1), {}, now, seconds(9));
  }
  const std::size_t before = resident_pages();
  for (const auto& table : tables) {
    EXPECT_EQ(table->clients(now, seconds(9)), 1U);
    EXPECT_FALSE(table->find(IpAddress::v4(2), now, seconds(9)));
  }
  // All places of all tables would be 24,000 pages.
  EXPECT_LT(resident_pages(), before + 4000);
}

}  // namespace
}  // namespace ringway::proxy
