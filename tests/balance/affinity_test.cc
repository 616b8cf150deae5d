#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/balance/ports.h"

/// Session affinity by the client's IP address, whatever the balancer.
namespace ringway::proxy {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class AffinityTest : public testing::Test {
 protected:
  ServicePort port_with_affinity(std::size_t endpoints) {
    ServicePort port = port_with(Balancer::kRoundRobin, endpoints);
    port.policy.affinity_timeout = seconds(60);
    port.affinity = table_;
    return port;
  }
  EndpointState* pick(const ServicePort& port, const IpAddress& from,
                      std::vector<const EndpointState*> tried = {}) const {
    return make_picker(port)->pick({.tried = tried, .random = 1, .client = from, .now = now_});
  }

  std::shared_ptr<AffinityTable> table_ = std::make_shared<AffinityTable>();
  Time now_ = Time(hours(1));
};

TEST_F(AffinityTest, a_client_stays_while_others_go_on) {
  const ServicePort port = port_with_affinity(3);
  EXPECT_TRUE(make_picker(port)->wants_client());
  EndpointState* first = pick(port, client(1));
  EndpointState* second = pick(port, client(2));
  EXPECT_NE(first, second);
  for (int again = 0; again < 5; ++again) {
    EXPECT_EQ(pick(port, client(1)), first);
    EXPECT_EQ(pick(port, client(2)), second);
  }
  EXPECT_EQ(table_->clients(now_, seconds(60)), 2U);
}

TEST_F(AffinityTest, each_coming_begins_the_time_anew_and_then_it_ends) {
  const ServicePort port = port_with_affinity(2);
  EndpointState* first = pick(port, client(1));
  for (int again = 0; again < 3; ++again) {
    now_ += seconds(59);
    EXPECT_EQ(pick(port, client(1)), first);
  }
  now_ += seconds(61);
  EXPECT_EQ(table_->clients(now_, seconds(60)), 0U);
  EXPECT_NE(pick(port, client(1)), first) << "round robin goes on";
}

TEST_F(AffinityTest, ports_of_a_service_share_it_by_the_address) {
  const ServicePort http = port_with_affinity(4);
  ServicePort other = port_with_affinity(0);
  for (const auto& endpoint : http.endpoints) {
    other.endpoints.push_back(std::make_shared<EndpointState>(other.key, SocketAddress(endpoint->address.ip(), 9000),
                                                              endpoint->workload, other.stats));
  }
  pick(http, client(7));
  pick(http, client(8));
  for (const std::uint32_t number : {7U, 8U}) {
    EXPECT_EQ(pick(other, client(number))->address.ip(), pick(http, client(number))->address.ip());
  }
}

TEST_F(AffinityTest, endpoints_at_one_address_are_told_apart_by_workload_or_port) {
  ServicePort port = port_with_affinity(0);
  for (const std::uint16_t number : {8000, 8001, 8002, 8003}) {
    port.endpoints.push_back(std::make_shared<EndpointState>(port.key, SocketAddress(client(0), number),
                                                             number < 8002 ? "" : std::to_string(number), port.stats));
  }
  std::set<EndpointState*> seen;
  for (std::uint32_t number = 1; number <= 4; ++number) {
    EndpointState* first = pick(port, client(number));
    EXPECT_EQ(pick(port, client(number)), first);
    seen.insert(first);
  }
  EXPECT_EQ(seen.size(), 4U);
}

TEST_F(AffinityTest, an_endpoint_that_may_not_be_picked_releases_its_clients) {
  ServicePort port = port_with_affinity(2);
  EndpointState* first = pick(port, client(1));
  EndpointState* second = pick(port, client(1), {first});
  EXPECT_NE(second, first) << "it refused this session";
  EXPECT_EQ(pick(port, client(1)), second) << "and the client stays where it was served";
  std::erase_if(port.endpoints, [&](const auto& endpoint) { return endpoint.get() == second; });
  EXPECT_EQ(pick(port, client(1)), first);
}

TEST_F(AffinityTest, the_table_is_bounded_and_says_whom_it_forgot) {
  constexpr std::uint32_t kClients = 2 * AffinityTable::kClients;
  for (std::uint32_t number = 0; number < kClients; ++number) {
    now_ += std::chrono::microseconds(1);
    table_->set(client(number), {}, now_, seconds(60));
  }
  const std::size_t kept = table_->clients(now_, seconds(60));
  EXPECT_LE(kept, AffinityTable::kClients);
  EXPECT_EQ(kept + table_->evictions(), kClients);
  EXPECT_TRUE(table_->find(client(kClients - 1), now_, seconds(60))) << "the newest is there";
}

}  // namespace
}  // namespace ringway::proxy
