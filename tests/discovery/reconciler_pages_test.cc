#include <gmock/gmock.h>

#include "tests/discovery/world.h"

// Reading what runs in parts, while it changes.
namespace ringway::discovery {
namespace {

using ::testing::ElementsAre;

class ReconcilerPagesTest : public World {
 protected:
  static config::Service service(const std::string& name, const std::string& vip) {
    config::Service service = web_service();
    service.metadata.name = name;
    service.cluster_ips = {vip};
    return service;
  }

  void configure(std::vector<config::Service> services) {
    reconciler_.configure(configuration_of(std::move(services)));
    build();
  }

  [[nodiscard]] std::string port_after(const std::string& service) const {
    const proxy::ServiceKey key{"shop", service, "http", proxy::Protocol::kTcp};
    const auto views = reconciler_.ports_after(service.empty() ? nullptr : &key, 1);
    return views.empty() ? "" : views.front().key->service;
  }

  /// "10.0.0.1:8080 ready" for each.
  [[nodiscard]] std::vector<std::string> endpoints_after(const std::string& address, std::size_t limit) const {
    std::vector<std::string> found;
    const proxy::ServiceKey key{"shop", "web", "http", proxy::Protocol::kTcp};
    for (const auto& view : reconciler_.endpoints_after(key, proxy::SocketAddress::parse(address), limit)) {
      found.push_back(view.state->address.to_string() + " " + std::string(to_string(view.condition)));
    }
    return found;
  }
};

TEST_F(ReconcilerPagesTest, ports_come_in_the_order_of_their_names_wherever_one_comes_or_goes) {
  configure({service("web", "127.96.0.10"), service("api", "127.96.0.11"), service("mail", "127.96.0.12")});
  EXPECT_EQ(port_after(""), "api");
  EXPECT_EQ(port_after("api"), "mail");
  configure({service("web", "127.96.0.10"), service("next", "127.96.0.13"), service("box", "127.96.0.14")});
  EXPECT_EQ(port_after("mail"), "next") << "its own going does not matter, and what is before it was passed";
  EXPECT_EQ(port_after("next"), "web");
  EXPECT_EQ(port_after("web"), "");
}

TEST_F(ReconcilerPagesTest, a_port_that_only_drains_is_left_out) {
  configure({web_service()});
  put(web_workload("web-1", "10.0.0.1"));
  build();
  configure({});
  EXPECT_TRUE(reconciler_.ports_after(nullptr, 10).empty());
}

TEST_F(ReconcilerPagesTest, endpoints_come_by_address_wherever_one_comes_or_goes) {
  configure({web_service()});
  for (const char* number : {"1", "3", "5", "7", "9"}) {
    put(web_workload("web-" + std::string(number), "10.0.0." + std::string(number)));
  }
  build();
  EXPECT_THAT(endpoints_after("", 2), ElementsAre("10.0.0.1:8080 ready", "10.0.0.3:8080 ready"));
  put(web_workload("web-2", "10.0.0.2"));
  put(web_workload("web-4", "10.0.0.4"));
  remove("web-3");
  build();
  EXPECT_THAT(endpoints_after("10.0.0.3:8080", 2), ElementsAre("10.0.0.4:8080 ready", "10.0.0.5:8080 ready"));
  EXPECT_THAT(endpoints_after("10.0.0.5:8080", 9), ElementsAre("10.0.0.7:8080 ready", "10.0.0.9:8080 ready"));
  EXPECT_THAT(endpoints_after("10.0.0.9:8080", 9), ElementsAre());
}

TEST_F(ReconcilerPagesTest, all_at_one_address_come_together_and_one_that_is_there_first) {
  configure({web_service()});
  for (const char* number : {"1", "2", "3"}) {
    put(web_workload("web-" + std::string(number), "10.0.0." + std::string(number)));
  }
  build();
  const auto held = state("10.0.0.2:8080");
  held->active.fetch_add(1);
  remove("web-2");
  put(web_workload("other", "10.0.0.2"));
  build();
  EXPECT_THAT(endpoints_after("10.0.0.1:8080", 1), ElementsAre("10.0.0.2:8080 ready", "10.0.0.2:8080 draining"));
  EXPECT_THAT(endpoints_after("", 3),
              ElementsAre("10.0.0.1:8080 ready", "10.0.0.2:8080 ready", "10.0.0.2:8080 draining"));
  EXPECT_THAT(endpoints_after("10.0.0.2:8080", 1), ElementsAre("10.0.0.3:8080 ready"));
  held->active.fetch_sub(1);
}

}  // namespace
}  // namespace ringway::discovery
