#include "daemon/cluster_services.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace ringway::daemon {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class ClusterServicesTest : public testing::Test {
 protected:
  static config::ApiService service(const std::string& name, const std::string& ip) {
    const auto event =
        config::read_api_event(R"({"type": "ADDED", "object": {"metadata": {"namespace": "shop", "name": ")" + name +
                                   R"("}, "spec": {"clusterIP": ")" + ip + R"(", "ports": [{"port": 80}]}}})",
                               config::ApiKind::kService);
    return std::get<config::ApiService>(event.value().object.value);
  }
  void tell(const std::string& name, const std::string& ip) {
    const config::ApiService told = service(name, ip);
    services_.change("shop/" + name, &told);
  }
  void merge(bool again = false) {
    const auto bind = [this](const config::Configuration& configuration) -> proxy::Result<void> {
      ++binds_;
      for (const config::Service& one : configuration.services) {
        if (std::ranges::find(foreign_, one.cluster_ips.front()) != foreign_.end()) {
          return proxy::failure(proxy::ErrorCode::kInUse, "binding " + one.cluster_ips.front());
        }
      }
      return {};
    };
    merged_ = services_.merge(files_, bind, again);
  }
  /// The names of those that run.
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const config::Service& one : merged_->services) {
      names.push_back(one.metadata.name);
    }
    return names;
  }

  config::Configuration files_;
  std::vector<std::string> foreign_;  ///< addresses that the machine refuses to bind
  ClusterServices services_;
  std::shared_ptr<const config::Configuration> merged_;
  int binds_ = 0;
};

TEST_F(ClusterServicesTest, AFileGoesBeforeTheClusterByNameAndByAddress) {
  files_.services = {service("web", "127.96.1.1").service, service("db", "127.96.1.2").service};
  tell("web", "127.96.1.3");
  tell("late", "127.96.1.2");
  tell("api", "127.96.1.4");
  merge();
  EXPECT_THAT(names(), ElementsAre("web", "db", "api"));
  EXPECT_EQ(merged_->services[0].cluster_ips, files_.services[0].cluster_ips);
  EXPECT_THAT(services_.refusals(),
              ElementsAre(Pair("shop/late", HasSubstr("127.96.1.2:80 belongs to Service shop/db")),
                          Pair("shop/web", HasSubstr("a file has a Service of this name"))));
  EXPECT_FALSE(services_.may_retry()) << "waiting changes nothing here";
}

TEST_F(ClusterServicesTest, TheAdminApiKeepsItsAddress) {
  files_.ringway.admin_listen = "127.96.1.1:80";
  tell("web", "127.96.1.1");
  merge();
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_THAT(services_.refusals(), ElementsAre(Pair("shop/web", HasSubstr("belongs to the admin API"))));
}

TEST_F(ClusterServicesTest, WhatTheMachineRefusesIsRefusedAloneAndTriedAgain) {
  for (int number = 1; number <= 64; ++number) {
    tell("web-" + std::to_string(number), "127.96.1." + std::to_string(number));
  }
  foreign_ = {"127.96.1.7", "127.96.1.50"};
  merge();
  EXPECT_EQ(names().size(), 62U);
  EXPECT_THAT(services_.refusals(), ElementsAre(Pair("shop/web-50", HasSubstr("binding 127.96.1.50")),
                                                Pair("shop/web-7", HasSubstr("binding 127.96.1.7"))));
  EXPECT_LT(binds_, 32) << "by halves, not one by one";
  EXPECT_TRUE(services_.may_retry());
  foreign_.clear();
  merge(true);
  EXPECT_EQ(names().size(), 64U);
  EXPECT_THAT(services_.refusals(), IsEmpty());
  EXPECT_FALSE(services_.may_retry());
}

TEST_F(ClusterServicesTest, WhatTheMachineRefusesCostsLaterMergesNothing) {
  tell("well", "127.96.2.1");
  for (int number = 1; number <= 64; ++number) {
    foreign_.push_back("127.96.1." + std::to_string(number));
    tell("web-" + std::to_string(number), foreign_.back());
  }
  merge();
  ASSERT_THAT(names(), ElementsAre("well"));
  binds_ = 0;
  tell("new", "127.96.2.2");
  merge();
  EXPECT_EQ(binds_, 1);
  EXPECT_THAT(names(), ElementsAre("new", "well"));
  EXPECT_EQ(services_.refusals().size(), 64U);
  EXPECT_THAT(services_.refusals().at("shop/web-1"), HasSubstr("binding 127.96.1.1"));

  binds_ = 0;
  merge(true);
  EXPECT_LE(binds_, 6) << "a few of them, besides those that run and all at once";
  EXPECT_EQ(services_.refusals().size(), 64U);
}

TEST_F(ClusterServicesTest, EachThatTheMachineRefusesIsTriedInTurn) {
  for (int number = 10; number < 30; ++number) {
    foreign_.push_back("127.96.1." + std::to_string(number));
    tell("web-" + std::to_string(number), foreign_.back());
  }
  merge();
  ASSERT_THAT(names(), IsEmpty());
  std::erase(foreign_, "127.96.1.25");
  for (int retry = 0; retry < 5; ++retry) {
    merge(true);
  }
  EXPECT_THAT(names(), ElementsAre("web-25"));
  EXPECT_EQ(services_.refusals().size(), 19U);
}

TEST_F(ClusterServicesTest, OneThatTheMachineRefusesIsTriedWhenItChanges) {
  foreign_ = {"127.96.1.1"};
  tell("web", "127.96.1.1");
  merge();
  EXPECT_THAT(names(), IsEmpty());
  tell("web", "127.96.1.2");
  merge();
  EXPECT_THAT(names(), ElementsAre("web"));
  EXPECT_FALSE(services_.may_retry());
}

TEST_F(ClusterServicesTest, OneThatIsGoneLeavesItsAddressToAnother) {
  tell("a", "127.96.1.1");
  tell("b", "127.96.1.1");
  merge();
  EXPECT_THAT(names(), ElementsAre("a"));
  services_.change("shop/a", nullptr);
  merge();
  EXPECT_THAT(names(), ElementsAre("b"));
}

}  // namespace
}  // namespace ringway::daemon
