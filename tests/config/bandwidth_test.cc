#include "config/quantity.h"
#include "tests/config/loading.h"

namespace ringway::config {
namespace {

using testing::Contains;
using testing::HasSubstr;

TEST(Quantity, is_read_as_kubernetes_reads_it) {
  const std::vector<std::pair<std::string, std::uint64_t>> cases = {
      {"0", 0},         {"1000", 1000},     {"10k", 10'000},           {"10Ki", 10'240}, {"1.5M", 1'500'000},
      {"1Gi", 1 << 30}, {"1e6", 1'000'000}, {"1T", 1'000'000'000'000}, {"0.5Ki", 512},   {"1.0001k", 1001},
  };
  for (const auto& [text, value] : cases) {
    EXPECT_EQ(parse_quantity(text).value_or(99), value) << text;
  }
  for (const std::string text : {"", "M", "-1", "10m", "10 M", "1MB", "10mi", "inf", "nan", "0x10", "1e30"}) {
    EXPECT_FALSE(parse_quantity(text)) << text;
  }
}

TEST(Quantity, prints_the_shortest) {
  for (const std::string text : {"0", "1", "10Mi", "1500k", "1001", "3T", "64Ki", "1Mi"}) {
    EXPECT_EQ(print_quantity(parse_quantity(text).value()), text);
  }
}

TEST(BandwidthOfPolicy, has_a_limit_for_each_direction_and_inherits_field_by_field) {
  const auto configuration = loaded(ringway("{defaults: {policy: {bandwidth: {perSession: {up: 1Mi, down: 2M}}}}}") +
                                    with_policy("{bandwidth: {perSession: {down: 4096}, service: {up: 1G, down: 0}}}"));
  const Policy& policy = configuration.services.at(0).policy;
  EXPECT_EQ(policy.session_up, 1 << 20);
  EXPECT_EQ(policy.session_down, 4096);
  EXPECT_EQ(policy.service_up, 1'000'000'000);
  EXPECT_EQ(policy.service_down, 0);
}

TEST(BandwidthOfPolicy, that_is_wrong_is_a_mistake) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{bandwidth: {perSession: {up: 1Mb}}}", "policy.bandwidth.perSession.up: a quantity is needed"},
      {"{bandwidth: {perSession: {up: [1]}}}", "a quantity is needed"},
      {"{bandwidth: {service: {down: 1023}}}", "0 (no limit), or 1Ki to 1Ti bytes a second are allowed"},
      {"{bandwidth: {service: {down: 2Ti}}}", "0 (no limit), or 1Ki to 1Ti"},
      {"{bandwidth: {session: {up: 1Mi}}}", "unknown key"},
      {"{bandwidth: 1Mi}", "policy.bandwidth"},
  };
  for (const auto& [text, wanted] : cases) {
    EXPECT_THAT(mistakes(with_policy(text)), Contains(HasSubstr(wanted))) << text;
  }
}

}  // namespace
}  // namespace ringway::config
