#include "discovery/verdict.h"

#include "tests/discovery/world.h"

namespace ringway::discovery {
namespace {

using Lines = std::vector<std::string>;

class VerdictTest : public World {
 protected:
  void SetUp() override {
    config::Service service = checked_web_service();
    service.selector = selector("app=web,tier=backend");
    reconciler_.configure(configuration_of({service}));
  }
  static Workload backend(const std::string& name, const std::string& address) {
    Workload workload = web_workload(name, address);
    workload.labels["tier"] = "backend";
    return workload;
  }
  Verdicts judged() {
    build();
    std::map<std::pair<std::string, std::string>, Workload> all;
    for (const auto& [id, workload] : workloads_) {
      all.emplace(std::pair(workload->source, id), *workload);
    }
    return judge(reconciler_.services().front(), all);
  }
  /// `name in: reason; reason`, or `out`, for each.
  Lines lines() {
    Lines out;
    for (const Verdict& verdict : judged().items) {
      std::string line = verdict.workload + (verdict.in ? " in" : " out");
      for (const std::string& reason : verdict.reasons) {
        line += (&reason == &verdict.reasons.front() ? ": " : "; ") + reason;
      }
      out.push_back(line);
    }
    return out;
  }
};

TEST_F(VerdictTest, each_workload_is_told_why_it_is_in_or_out) {
  put(backend("a", "10.0.0.1"));
  Workload paused = backend("b", "10.0.0.2");
  paused.ready = false;
  paused.reason = "paused";
  put(paused);
  put(backend("c", "10.0.0.3"));
  Workload homeless = backend("d", "10.0.0.4");
  homeless.addresses.clear();
  homeless.ready = false;
  homeless.reason = "no address in network front (has: none)";
  put(homeless);
  Workload front = backend("e", "10.0.0.5");
  front.labels["tier"] = "frontend";
  put(front);
  Workload elsewhere = backend("f", "10.0.0.6");
  elsewhere.ns = "b";
  put(elsewhere);
  build();
  health_.say("10.0.0.1:8080", true);
  health_.say("10.0.0.3:8080", false, "connect: refused");
  EXPECT_EQ(
      lines(),
      (Lines{"shop/a in: port http: takes new sessions at 10.0.0.1:8080", "shop/b out: port http: docker says: paused",
             "shop/c out: port http: health: connect: refused",
             "shop/d out: port http: docker says: no address in network front (has: none)",
             "shop/e out: label tier is 'frontend', wanted 'backend'", "b/f out: namespace is 'b', wanted 'shop'"}));
}

TEST_F(VerdictTest, the_nearest_misses_stand_first_and_far_ones_are_counted) {
  for (std::size_t i = 0; i < kNamedMisses + 10; ++i) {
    Workload far = web_workload("far" + std::to_string(i), "10.0.1.1");
    far.labels = {{"other", "x"}};
    put(far);
  }
  Workload near = backend("near", "10.0.0.1");
  near.labels["tier"] = "frontend";
  put(near);
  Workload bare = web_workload("bare", "10.0.0.2");
  put(bare);
  const Verdicts verdicts = judged();
  ASSERT_EQ(verdicts.items.size(), 2);
  EXPECT_EQ(verdicts.items[0].workload, "shop/near") << "a label with another value is nearer than none";
  EXPECT_EQ(verdicts.items[1].reasons, Lines{"no label tier, wanted 'backend'"});
  EXPECT_EQ(verdicts.left_out, kNamedMisses + 10);
}

TEST_F(VerdictTest, many_near_misses_are_cut_and_a_short_list_is_whole) {
  for (std::size_t i = 0; i < kNamedMisses; ++i) {
    Workload far = web_workload("far" + std::to_string(i), "10.0.1.1");
    far.labels = {};
    put(far);
  }
  EXPECT_EQ(judged().items.size(), kNamedMisses);
  EXPECT_EQ(judged().left_out, 0);
  for (std::size_t i = 0; i < kNamedMisses + 5; ++i) {
    put(web_workload("near" + std::to_string(i), "10.0.2.1"));
  }
  EXPECT_EQ(judged().items.size(), kNamedMisses);
  EXPECT_EQ(judged().left_out, kNamedMisses + 5);
}

TEST_F(VerdictTest, two_of_one_address_name_each_other) {
  put(backend("a", "10.0.0.1"));
  put(backend("b", "10.0.0.1"));
  EXPECT_EQ(lines().at(1), "shop/b out: port http: has the address 10.0.0.1:8080 together with shop/a");
}

TEST_F(VerdictTest, a_check_that_has_not_ended_does_not_hide_that_panic_uses_it) {
  put(backend("a", "10.0.0.1"));
  build();
  health_.say("10.0.0.1:8080", false, "HTTP 503");
  EXPECT_EQ(lines().at(0),
            "shop/a in: port http: takes new sessions at 10.0.0.1:8080 for want of a better one (health: HTTP 503)");
}

TEST_F(VerdictTest, a_service_without_a_selector_names_the_targets_of_its_slices) {
  config::Service service = web_service();
  service.selector.reset();
  auto configuration = configuration_of({service});
  config::EndpointSlice slice;
  slice.metadata.ns = "shop";
  slice.metadata.name = "web-1";
  slice.service = "web";
  slice.ports = {{.name = "http", .port = 8080}};
  slice.endpoints.resize(2);
  slice.endpoints[0].address = proxy::IpAddress::v4(0x0A000001);
  slice.endpoints[0].workload = proxy::SharedText("shop/a");
  slice.endpoints[1].address = proxy::IpAddress::v4(0x0A000002);
  slice.endpoints[1].ready = false;
  configuration->slices.push_back(slice);
  reconciler_.configure(configuration);
  EXPECT_EQ(lines(), (Lines{"10.0.0.2:8080 out: port http: endpointslice says: not ready in EndpointSlice web-1",
                            "shop/a in: port http: takes new sessions at 10.0.0.1:8080"}));
}

}  // namespace
}  // namespace ringway::discovery
