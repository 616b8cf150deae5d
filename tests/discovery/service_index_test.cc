#include "discovery/service_index.h"

#include "tests/discovery/world.h"

namespace ringway::discovery {
namespace {

class ServiceIndexTest : public testing::Test {
 protected:
  void add(const std::string& ns, const std::string& selects) {
    config::Service& service = services_.emplace_back(web_service());
    service.metadata.ns = ns;
    service.selector = selector(selects);
  }
  ServiceIndex index() {
    std::vector<const config::Service*> pointers;
    for (const config::Service& service : services_) {
      pointers.push_back(&service);
    }
    return ServiceIndex(pointers);
  }
  static Workload workload(const std::string& ns, Labels labels) {
    Workload workload;
    workload.ns = ns;
    workload.labels = std::move(labels);
    return workload;
  }
  std::vector<config::Service> services_;
};

using Positions = std::vector<std::size_t>;

TEST_F(ServiceIndexTest, FindsBySelectorsOfEveryKind) {
  add("shop", "app=web");
  add("shop", "tier in (front, back),app");
  add("shop", "zone");
  add("shop", "weight>5");
  add("shop", "!legacy");
  add("shop", "app!=web");
  const ServiceIndex index = this->index();
  EXPECT_EQ(index.matching(workload("shop", {{"app", "web"}})), (Positions{0, 4}));
  EXPECT_EQ(index.matching(workload("shop", {{"app", "db"}, {"tier", "back"}})), (Positions{1, 4, 5}));
  EXPECT_EQ(index.matching(workload("shop", {{"zone", ""}, {"weight", "6"}, {"legacy", ""}})), (Positions{2, 3, 5}));
  EXPECT_EQ(index.matching(workload("shop", {})), (Positions{4, 5}));
}

TEST_F(ServiceIndexTest, KeepsNamespacesApart) {
  add("shop", "app=web");
  add("bank", "app=web");
  const ServiceIndex index = this->index();
  EXPECT_EQ(index.matching(workload("bank", {{"app", "web"}})), (Positions{1}));
  EXPECT_EQ(index.matching(workload("", {{"app", "web"}})), (Positions{0, 1})) << "a runtime without namespaces";
}

TEST_F(ServiceIndexTest, SelectsNothingWithoutASelectorOrWithAnEmptyOne) {
  services_ = {web_service(), web_service()};
  services_[0].selector.reset();
  services_[1].selector = Selector();
  EXPECT_EQ(index().matching(workload("shop", {{"app", "web"}})), Positions{});
}

TEST_F(ServiceIndexTest, AsksFewServicesAlsoWhereAllShareALabel) {
  for (int number = 0; number < 1000; ++number) {
    add("shop", "app=web,release=r" + std::to_string(number));
  }
  const ServiceIndex index = this->index();
  const Workload one = workload("shop", {{"app", "web"}, {"release", "r7"}, {"extra", "x"}});
  EXPECT_EQ(index.matching(one), (Positions{7}));
  EXPECT_EQ(index.cost(one), 1U);
}

}  // namespace
}  // namespace ringway::discovery
