#include "daemon/cli/limits_text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "config/keys.h"
#include "daemon/cli/command_line.h"
#include "daemon/limits.h"
#include "tests/harness/places.h"

namespace ringway::daemon {
namespace {

/// What `ringway check` prints for a configuration.
std::string checked(const std::string& text) {
  const ringway::test::TemporaryFolder folder;
  const std::string path = folder / "c.yaml";
  std::ofstream(path) << text;
  const std::array arguments = {"ringway", "check", "-c", path.c_str()};
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(run_command_line(static_cast<int>(arguments.size()), arguments.data(), out, err), kFine) << err.str();
  return out.str();
}

/// What stands there behind a limit's name; "" where it is not named.
std::string value_of(const std::string& out, std::string_view name) {
  const std::string head = "\n  " + std::string(name) + "  ";
  const std::size_t at = out.find(head);
  if (at == std::string::npos) {
    return "";
  }
  const std::size_t begin = out.find_first_not_of(' ', at + head.size());
  return out.substr(begin, out.find('\n', begin) - begin);
}

constexpr char kService[] =
    "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
    "spec: {clusterIP: 127.96.0.10, selector: {app: web}, ports: [{port: 80}]}\n";

std::string settings(const std::string& spec) {
  return "apiVersion: ringway/v1\nkind: Ringway\nspec: " + spec + "\n";
}

TEST(Limits, check_prints_every_one_that_a_configuration_can_set) {
  const std::string all = "{defaults: {policy: {balancer: first, healthCheck: {tcp: {}}, proxyProtocol: {send: v2}}}}";
  // Server names are no default: each Service has its own.
  const std::string out =
      checked(settings(all) + kService + "policy: {sni: {routes: [{names: [a.example], selector: app=a}]}}\n");
  for (const config::Key key : config::kLimitKeys) {
    const bool own = out.find("  but        " + std::string(key) + " ") != std::string::npos;
    EXPECT_TRUE(own || !value_of(out, key).empty()) << key << " in " << out;
  }
}

TEST(Limits, every_key_that_sounds_like_one_is_in_the_list) {
  // Holds nobody up.
  constexpr std::array kNone = {"policy.outlierDetection.successRate"};
  for (const config::KeyTable& table : config::kKeyTables) {
    for (const config::Key key : table.keys) {
      std::string path(table.at);
      path += (path.empty() ? "" : ".") + std::string(key);
      const bool sounds = key.starts_with("max") || key.ends_with("imeout") || key.ends_with("Limit") ||
                          key.ends_with("ate") || key == "burst" || key == "attempts" || key == "backlog" ||
                          key.ends_with("Budget") || key.ends_with("Age");
      const bool listed = std::ranges::find(config::kLimitKeys, config::Key(path)) != config::kLimitKeys.end();
      const bool none = std::ranges::find(kNone, path) != kNone.end();
      EXPECT_TRUE(!sounds || listed || none) << path << " is a limit that check does not print";
    }
  }
}

TEST(Limits, zeros_say_what_they_mean_and_a_service_what_is_its_own) {
  const std::string plain = checked(kService);
  EXPECT_EQ(value_of(plain, "policy.maxConnections"), "no limit") << plain;
  EXPECT_EQ(value_of(plain, "policy.queue.maxConnections"), "none waits") << plain;
  EXPECT_EQ(value_of(plain, "policy.idleTimeout"), "1h") << plain;
  EXPECT_EQ(value_of(plain, "policy.drain.onEnd"), "close") << plain;
  EXPECT_EQ(plain.find("  but "), std::string::npos) << plain;
  const std::string own = checked(std::string(kService) +
                                  "policy: {maxConnections: 50, drain: {timeout: 0}, access: {deny: [10.0.0.0/8]}}\n");
  EXPECT_NE(own.find("  but        policy.maxConnections 50, policy.drain.timeout never, "
                     "policy.access 0 networks allowed, 1 denied\n"),
            std::string::npos)
      << own;
}

TEST(Limits, the_backlog_is_told_as_the_kernel_cuts_it) {
  const std::uint32_t most = somaxconn();
  const std::string asked = checked(settings("{backlog: 17}"));
  EXPECT_TRUE(value_of(asked, "spec.backlog").starts_with("17, of each worker's socket")) << asked;
  const std::string usual = checked(settings("{}"));
  const std::string cut = std::to_string(most) + " (net.core.somaxconn; 65535 is asked for), of each";
  EXPECT_EQ(usual.find(cut) != std::string::npos, most < config::kDefaultBacklog) << usual;
}

TEST(Limits, the_files_say_how_many_sessions_there_may_be) {
  const std::string out = checked(settings("{workers: 2}") + kService);
  std::uint64_t sessions = 0;
  std::istringstream(value_of(out, "sessions")) >> sessions;
  EXPECT_GT(sessions, 0U);
  EXPECT_LE(sessions, raise_file_limit() / 2) << "each has two files";
}

}  // namespace
}  // namespace ringway::daemon
