#include "tests/config/loading.h"

namespace ringway::config {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Source source_of(const std::string& text, const std::string& before = "") {
  const auto configuration = loaded(before + with_policy(text));
  return configuration.services.empty() ? Source{} : configuration.services[0].policy.source;
}

TEST(SourceOfPolicy, is_left_to_the_kernel_unless_something_is_said) {
  EXPECT_EQ(source_of("{}"), Source());
  EXPECT_EQ(source_of("{source: auto}"), Source());
}

TEST(SourceOfPolicy, is_transparent_or_has_addresses_and_ports) {
  EXPECT_EQ(source_of("{source: transparent}").kind, Source::Kind::kTransparent);
  const Source both = source_of("{source: {addresses: [10.0.0.7, 'FD00::7'], ports: '20000-29999'}}");
  EXPECT_EQ(both.kind, Source::Kind::kAddresses);
  EXPECT_THAT(both.addresses, ElementsAre("10.0.0.7", "fd00::7"));
  EXPECT_EQ(both.first_port, 20'000);
  EXPECT_EQ(both.last_port, 29'999);
  EXPECT_EQ(source_of("{source: {ports: '1024-1024'}}").last_port, 1024);
  EXPECT_EQ(source_of("{source: {addresses: [10.0.0.7]}}").first_port, 0);
}

TEST(SourceOfPolicy, is_inherited_whole) {
  const std::string defaults = ringway("{defaults: {policy: {source: {addresses: [10.0.0.7], ports: '2000-2001'}}}}");
  EXPECT_EQ(source_of("{}", defaults).first_port, 2000);
  const Source own = source_of("{source: {ports: '3000-3001'}}", defaults);
  EXPECT_EQ(own.first_port, 3000);
  EXPECT_THAT(own.addresses, IsEmpty());
  EXPECT_EQ(source_of("{source: auto}", defaults), Source());
}

TEST(SourceOfPolicy, that_is_wrong_is_a_mistake) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{source: client}", "policy.source: auto, transparent, or a mapping with addresses or ports is needed"},
      {"{source: {}}", "policy.source: addresses, ports or both are needed"},
      {"{source: {port: '1-2'}}", "unknown key, did you mean 'ports'?"},
      {"{source: {ports: '80-90'}}", "two ports of 1024 to 65535, the lower one first"},
      {"{source: {ports: '2000-1999'}}", "two ports of 1024 to 65535"},
      {"{source: {ports: '2000-70000'}}", "two ports of 1024 to 65535"},
      {"{source: {ports: '2000'}}", "like 20000-29999"},
      {"{source: {ports: '2000-'}}", "like 20000-29999"},
      {"{source: {addresses: [10.0.0.0/8]}}", "an IPv4 or IPv6 address of this host is needed"},
      {"{source: {addresses: [224.0.0.1]}}", "policy.source.addresses[0]"},
      {"{source: {addresses: [10.0.0.7, 10.0.0.7]}}", "stands here twice"},
  };
  for (const auto& [text, wanted] : cases) {
    EXPECT_THAT(mistakes(with_policy(text)), Contains(HasSubstr(wanted))) << text;
  }
}

TEST(TransparentSource, has_limits) {
  EXPECT_THAT(mistakes(ringway("{transparentSource: {mark: 0, table: 255, priority: 32766}}")),
              ElementsAre(HasSubstr("spec.transparentSource.mark: expected a whole number from 1 to 4294967295"),
                          HasSubstr("spec.transparentSource.table: expected a whole number from 256 to 4294967295"),
                          HasSubstr("spec.transparentSource.priority: expected a whole number from 1 to 32765")));
}

}  // namespace
}  // namespace ringway::config
