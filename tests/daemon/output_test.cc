#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "daemon/cli/commands.h"
#include "daemon/cli/table.h"
#include "daemon/cli/tables.h"
#include "daemon/cli/yaml.h"

namespace ringway::daemon {
namespace {

using nlohmann::json;

TEST(Table, columns_are_aligned_and_lines_end_at_their_last_word) {
  Table table({"NAME", "STATE", "REASON"});
  table.add({"a", "ready", ""});
  table.add({"longer-name", "", "why not"});
  std::ostringstream out;
  table.print(out);
  EXPECT_EQ(out.str(),
            "NAME          STATE    REASON\n"
            "a             ready\n"
            "longer-name   <none>   why not\n");
}

TEST(Table, a_watch_goes_on_below_without_a_second_header) {
  Table table({"NAME", "STATE"});
  table.add({"abcdef", "ready"});
  std::ostringstream first;
  table.print(first);
  table.add({"a", "down"});
  std::ostringstream next;
  table.print(next);
  EXPECT_EQ(next.str(), "a        down\n");
}

TEST(Table, escapes_of_foreign_text_do_not_reach_the_terminal) {
  Table table({"NAME"});
  table.add({"a\x1b[2J"});
  std::ostringstream out;
  table.print(out);
  EXPECT_EQ(out.str(), "NAME\na\\x1b[2J\n");
}

TEST(Tables, a_service_shows_usable_of_all_for_each_port_where_they_differ) {
  const auto port = [](int usable, int total, bool panic) {
    return json{{"port", 80},
                {"protocol", "TCP"},
                {"panic", panic},
                {"endpoints", {{"usable", usable}, {"total", total}, {"draining", 0}}}};
  };
  EXPECT_EQ(endpoints_text({{"ports", {port(2, 3, false), port(2, 3, false)}}}), "2/3");
  EXPECT_EQ(endpoints_text({{"ports", {port(2, 3, false), port(3, 3, false)}}}), "2/3,3/3");
  EXPECT_EQ(endpoints_text({{"ports", {port(3, 3, true)}}}), "3/3 (panic)");
  EXPECT_EQ(ports_text({{"ports", {port(1, 1, false), port(1, 1, false)}}}), "80/TCP,80/TCP");
}

TEST(Tables, an_answer_of_another_shape_gives_empty_cells) {
  for (const char* kind : {"services", "endpoints", "workloads", "sessions", "events"}) {
    ObjectTable table(kind, true, true);
    table.add(json{{"ports", 3}, {"addresses", "x"}, {"counters", json::array()}, {"labels", 1}, {"ageMs", "x"}});
    table.add(json(7));
    std::ostringstream out;
    table.print(out);
    EXPECT_NE(out.str().find("NAMESPACE"), std::string::npos);
  }
}

/// What yaml-cpp reads, as JSON: text in quotes is a string, the rest what YAML 1.2's core schema says.
json read_back(const YAML::Node& node) {
  if (node.IsMap()) {
    json out = json::object();
    for (const auto& entry : node) {
      out[entry.first.as<std::string>()] = read_back(entry.second);
    }
    return out;
  }
  if (node.IsSequence()) {
    json out = json::array();
    for (const auto& item : node) {
      out.push_back(read_back(item));
    }
    return out;
  }
  if (node.IsNull()) {
    return nullptr;
  }
  const auto text = node.as<std::string>();
  if (node.Tag() == "!") {
    return text;
  }
  const json value = json::parse(text, nullptr, false);
  return value.is_discarded() ? json(text) : value;
}

TEST(Yaml, every_value_reads_back_as_it_was) {
  const json value = {
      {"plain", "leastConnections"},
      {"words",
       {"true", "No", "null", "~", "off", "y", "1e3", "0x1f", "12", "1.5", "", " lead", "a: b", "a #b", "- a"}},
      {"text", "line\nfeed\ttab \"quote\" \\ back\x01 \xc3\xa4"},
      {"numbers", {0, -1, 1.5, 18446744073709551615ULL}},
      {"flags", {true, false, nullptr}},
      {"empty", {{"list", json::array()}, {"map", json::object()}}},
      {"nested", {{{"a", {{"b", {1, {2, 3}, {{"c", "d"}}}}}}}, {{"e", json::array({json::array({"f"})})}}}},
      {"k: ey", 1},
      {"yes", 2}};
  EXPECT_EQ(read_back(YAML::Load(to_yaml(value))), value) << to_yaml(value);
  EXPECT_EQ(to_yaml("x"), "x\n");
  EXPECT_EQ(to_yaml(json::array()), "[]\n");
}

TEST(Commands, kinds_have_the_names_of_kubectl) {
  EXPECT_EQ(plural_of("svc"), "services");
  EXPECT_EQ(plural_of("service"), "services");
  EXPECT_EQ(plural_of("ep"), "endpoints");
  EXPECT_EQ(plural_of("workload"), "workloads");
  EXPECT_EQ(plural_of("session"), "sessions");
  EXPECT_EQ(plural_of("ev"), "events");
  EXPECT_EQ(plural_of("pods"), "");
}

}  // namespace
}  // namespace ringway::daemon
