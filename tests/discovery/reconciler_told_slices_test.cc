#include <gmock/gmock.h>

#include "tests/discovery/world.h"

/// EndpointSlices that a source tells one by one, beside those of the configuration.
namespace ringway::discovery {
namespace {

class ReconcilerToldSlices : public World {
 protected:
  static config::Service selectorless(const std::string& name, const std::string& vip) {
    config::Service made = web_service();
    made.metadata.name = name;
    made.selector.reset();
    made.cluster_ips = {vip};
    return made;
  }

  static config::EndpointSlice slice(const std::string& service, const std::string& address) {
    config::EndpointSlice made;
    made.metadata.ns = "shop";
    made.metadata.name = "slice";
    made.service = service;
    made.ports = {{"http", 8080, config::Protocol::kTcp}};
    made.endpoints.emplace_back().address = proxy::IpAddress::parse(address).value();
    return made;
  }
  bool tell(std::shared_ptr<const config::EndpointSlice> now) {
    reconciler_.slice_changed("shop/slice", std::move(now), clock_.now());
    return build();
  }
  bool tell(const config::EndpointSlice& now) { return tell(std::make_shared<const config::EndpointSlice>(now)); }

  config::Service web_ = selectorless("web", "127.96.0.10");
  config::Service other_ = selectorless("other", "127.96.0.99");
};

TEST_F(ReconcilerToldSlices, OneComesChangesAndGoes) {
  reconciler_.configure(configuration_of({web_}));
  build();
  EXPECT_EQ(picked(), "");
  EXPECT_TRUE(tell(slice("web", "127.0.0.1")));
  EXPECT_EQ(picked(), "127.0.0.1:8080");
  EXPECT_FALSE(tell(slice("web", "127.0.0.1"))) << "the same again is no news";
  EXPECT_TRUE(tell(slice("web", "127.0.0.2")));
  EXPECT_EQ(picked(), "127.0.0.2:8080");
  EXPECT_TRUE(tell(nullptr));
  EXPECT_EQ(picked(), "");
  EXPECT_FALSE(tell(nullptr));
}

TEST_F(ReconcilerToldSlices, OneThatGoesToAnotherServiceLeavesTheFirst) {
  reconciler_.configure(configuration_of({web_, other_}));
  tell(slice("web", "127.0.0.1"));
  EXPECT_EQ(picked("shop/web:http"), "127.0.0.1:8080");
  tell(slice("other", "127.0.0.1"));
  EXPECT_EQ(picked("shop/web:http"), "");
  EXPECT_EQ(picked("shop/other:http"), "127.0.0.1:8080");
}

TEST_F(ReconcilerToldSlices, OneThatIsToldBeforeItsServiceWaitsForIt) {
  reconciler_.configure(configuration_of({}));
  build();
  EXPECT_FALSE(tell(slice("web", "127.0.0.1"))) << "it concerns nobody yet";
  reconciler_.configure(configuration_of({web_}));
  build();
  EXPECT_EQ(picked(), "127.0.0.1:8080");
}

TEST_F(ReconcilerToldSlices, OneOfTheSameNameInTheConfigurationHidesIt) {
  const auto configuration = configuration_of({web_});
  configuration->slices = {slice("web", "127.0.0.9")};
  reconciler_.configure(configuration);
  build();
  EXPECT_FALSE(tell(slice("web", "127.0.0.1")));
  EXPECT_EQ(picked(), "127.0.0.9:8080");
  reconciler_.configure(configuration_of({web_}));
  build();
  EXPECT_EQ(picked(), "127.0.0.1:8080") << "what was told meanwhile counts then";
  reconciler_.configure(configuration);
  build();
  EXPECT_EQ(picked(), "127.0.0.9:8080") << "what was told before is hidden, too";
}

}  // namespace
}  // namespace ringway::discovery
