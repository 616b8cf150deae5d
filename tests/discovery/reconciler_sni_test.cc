#include <gmock/gmock.h>

#include "discovery/verdict.h"
#include "tests/discovery/world.h"

// Routes of a port: endpoints of their own under the port's listener.
namespace ringway::discovery {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Pair;

/// shop/web of the world, with a route for shop.example to the Pods with tier=shop.
config::Service routed_service(const std::string& names = "shop.example", const std::string& wanted = "tier=shop") {
  config::Service service = web_service();
  auto& sni = service.policy.sni.emplace();
  sni.port = std::uint16_t{80};
  sni.routes.push_back({{names, "*." + names}, selector(wanted)});
  return service;
}

Workload shop_workload(const std::string& name, const std::string& address) {
  Workload workload = web_workload(name, address);
  workload.labels = {{"tier", "shop"}};
  return workload;
}

constexpr const char* kRoute = "shop/web:http/shop.example";

class ReconcilerSniTest : public World {
 protected:
  void configure(std::vector<config::Service> services) {
    reconciler_.configure(configuration_of(std::move(services)));
    build();
  }
  /// On node-a, which clients of the cluster IP do not leave; those of the external IP may.
  void configure_local() {
    config::Service service = routed_service();
    service.internal_local = true;
    service.external_ips = {"127.96.0.11"};
    const auto configuration = configuration_of({service});
    configuration->ringway.node = "node-a";
    reconciler_.configure(configuration);
    build();
  }
};

TEST_F(ReconcilerSniTest, a_route_has_the_endpoints_of_its_selector) {
  configure({routed_service()});
  put(web_workload("web-1", "10.0.0.1"));
  put(shop_workload("shop-1", "10.0.0.2"));
  build();
  EXPECT_EQ(picked(), "10.0.0.1:8080");
  EXPECT_EQ(picked(kRoute), "10.0.0.2:8080");
  const auto own = port("shop/web:http");
  const auto route = port(kRoute);
  ASSERT_TRUE(own->sni);
  EXPECT_EQ(own->stats, route->stats);
  EXPECT_TRUE(route->listen.empty());
  const auto slot = own->sni->names.find("www.shop.example");
  ASSERT_TRUE(slot);
  EXPECT_EQ(snapshot_->ports[*slot], route);
  EXPECT_EQ(snapshot_->ports[route->route_of], own);
  remove("shop-1");
  build();
  EXPECT_EQ(picked(kRoute), "");
  EXPECT_EQ(port("shop/web:http"), own) << "the port itself did not change";
}

TEST_F(ReconcilerSniTest, a_service_without_a_selector_may_have_routes) {
  config::Service service = routed_service();
  service.selector.reset();
  configure({service});
  put(web_workload("web-1", "10.0.0.1"));
  put(shop_workload("shop-1", "10.0.0.2"));
  build();
  EXPECT_EQ(picked(), "");
  EXPECT_EQ(picked(kRoute), "10.0.0.2:8080");
}

TEST_F(ReconcilerSniTest, one_address_may_be_of_the_port_and_of_a_route) {
  configure({routed_service("shop.example", "app=web")});
  put(web_workload("web-1", "10.0.0.1"));
  build();
  EXPECT_EQ(picked(), "10.0.0.1:8080");
  EXPECT_EQ(picked(kRoute), "10.0.0.1:8080");
  EXPECT_EQ(views().size(), 2U);
  EXPECT_EQ(set_drained("10.0.0.1:8080", true), 2U);
  build();
  EXPECT_EQ(picked(), "");
  EXPECT_EQ(picked(kRoute), "");
}

TEST_F(ReconcilerSniTest, endpoints_of_a_route_are_checked) {
  config::Service service = routed_service();
  service.policy.health_check.emplace();
  configure({service});
  put(shop_workload("shop-1", "10.0.0.2"));
  put(shop_workload("shop-2", "10.0.0.3"));
  build();
  health_.say("10.0.0.2:8080", true);
  health_.say("10.0.0.3:8080", false, "refused");
  build();
  EXPECT_EQ(picked(kRoute), "10.0.0.2:8080");
  EXPECT_THAT(views(), Contains("10.0.0.3:8080 down (refused)"));
}

TEST_F(ReconcilerSniTest, endpoints_of_a_route_are_ejected) {
  configure({routed_service()});
  put(web_workload("web-1", "10.0.0.1"));
  put(shop_workload("shop-1", "10.0.0.2"));
  put(shop_workload("shop-2", "10.0.0.3"));
  build();
  const auto failing = state("10.0.0.2:8080");
  ASSERT_TRUE(failing);
  failing->connect_failures_in_row = 5;
  failing->port->stats->failures_seen = true;
  reconciler_.review_sessions();
  build();
  EXPECT_EQ(picked(kRoute), "10.0.0.3:8080");
  EXPECT_EQ(picked(), "10.0.0.1:8080");
}

TEST_F(ReconcilerSniTest, a_route_that_is_taken_away_drains) {
  configure({routed_service()});
  put(web_workload("web-1", "10.0.0.1"));
  put(shop_workload("shop-1", "10.0.0.2"));
  build();
  const auto stats = port("shop/web:http")->stats;
  state("10.0.0.2:8080")->active = 1;
  const auto kept = state("10.0.0.2:8080");
  configure({web_service()});
  EXPECT_EQ(picked(kRoute), "not running");
  EXPECT_FALSE(port("shop/web:http")->sni);
  EXPECT_THAT(views(), Contains("10.0.0.2:8080 draining (gone, or not selected any more)"));
  configure({routed_service()});
  EXPECT_EQ(port(kRoute)->stats, stats) << "the port and its routes count together, also after a while apart";
  kept->active = 0;
}

TEST_F(ReconcilerSniTest, an_unchanged_configuration_changes_nothing) {
  configure({routed_service()});
  put(shop_workload("shop-1", "10.0.0.2"));
  build();
  const auto own = port("shop/web:http");
  const auto route = port(kRoute);
  reconciler_.configure(configuration_of({routed_service()}));
  build();
  EXPECT_EQ(port("shop/web:http"), own);
  EXPECT_EQ(port(kRoute), route);
}

TEST_F(ReconcilerSniTest, each_frontend_has_a_route_that_sees_what_it_sees) {
  configure_local();
  for (const auto& [name, address, node] :
       {std::tuple("shop-1", "10.0.0.2", "node-a"), {"shop-2", "10.0.0.3", "node-b"}}) {
    Workload workload = shop_workload(name, address);
    workload.node = node;
    put(workload);
  }
  build();
  std::map<std::string, std::size_t> routed;
  for (std::uint32_t slot = 0; slot < snapshot_->ports.size(); ++slot) {
    if (const auto& port = snapshot_->ports[slot]; port != nullptr && port->sni != nullptr) {
      const auto& route = snapshot_->ports[port->sni->names.find("shop.example").value()];
      EXPECT_EQ(route->route_of, slot);
      routed[port->listen.front().to_string()] = route->endpoints.size();
    }
  }
  EXPECT_THAT(routed, ElementsAre(Pair("127.96.0.10:80", 1), Pair("127.96.0.11:80", 2)));
}

TEST_F(ReconcilerSniTest, a_frontend_whose_routes_have_endpoints_on_other_nodes_alone_drops) {
  configure_local();
  const auto answers = [this] {
    std::vector<proxy::Answer> all;
    std::ranges::transform(reconciler_.services()[0].ports[0].frontends, std::back_inserter(all),
                           &FrontendView::answer);
    return all;
  };
  using enum proxy::Answer;
  EXPECT_THAT(answers(), ElementsAre(kRefuses, kRefuses));
  Workload shop = shop_workload("shop-2", "10.0.0.3");
  shop.node = "node-b";
  put(shop);
  build();
  EXPECT_THAT(answers(), ElementsAre(kDrops, kServes));
}

TEST_F(ReconcilerSniTest, a_view_tells_of_the_routes) {
  configure({routed_service()});
  put(web_workload("web-1", "10.0.0.1"));
  put(shop_workload("shop-1", "10.0.0.2"));
  build();
  const auto services = reconciler_.services();
  ASSERT_EQ(services.size(), 1U);
  ASSERT_EQ(services[0].ports.size(), 1U);
  ASSERT_EQ(services[0].ports[0].routes.size(), 1U);
  const RouteView& route = services[0].ports[0].routes[0];
  EXPECT_EQ(route.name, "shop.example");
  EXPECT_THAT(route.service->policy.sni->routes.front().names, ElementsAre("shop.example", "*.shop.example"));
  EXPECT_EQ(route.usable, 1U);
  EXPECT_EQ(route.total, 1U);
  ASSERT_EQ(services[0].ports[0].endpoints.size(), 2U);
  EXPECT_EQ(services[0].ports[0].endpoints[1].state->service().route, "shop.example");
  const Workload shop = shop_workload("shop-1", "10.0.0.2");
  const auto verdicts = judge(services[0], {{{shop.source, shop.id}, shop}});
  ASSERT_EQ(verdicts.items.size(), 1U);
  EXPECT_THAT(verdicts.items[0].reasons,
              ElementsAre("port http: route shop.example: takes new sessions at 10.0.0.2:8080"));
}

}  // namespace
}  // namespace ringway::discovery
