#include "tests/harness/replicas.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <future>
#include <map>
#include <utility>

#include "tests/harness/tcp_client.h"

namespace ringway::test {
namespace {

/// Engines that start more at once on two CPUs are no faster.
constexpr std::size_t kStartsAtOnce = 4;

}  // namespace

std::vector<std::string> Replicas::add(std::size_t count, const std::string& release) {
  std::vector<Replica> wanted;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < count; ++i) {
    names.push_back("web-" + std::to_string(++made_));
    wanted.push_back({.name = names.back(), .release = release});
  }
  names_.insert(names_.end(), names.begin(), names.end());
  std::vector<std::future<void>> starters;
  for (std::size_t first = 0; first < std::min(kStartsAtOnce, count); ++first) {
    starters.push_back(std::async(std::launch::async, [this, &wanted, first] {
      for (std::size_t i = first; i < wanted.size(); i += kStartsAtOnce) {
        engine_.start(wanted[i]);
      }
    }));
  }
  for (auto& starter : starters) {
    starter.get();
  }
  return names;
}

std::vector<std::string> Replicas::remove(const std::vector<std::string>& names,
                                          const std::function<void()>& while_stopping) {
  std::map<std::string, proxy::SocketAddress> addresses;
  for (const auto& name : names) {
    addresses.emplace(name, engine_.address(name));
  }
  std::map<std::string, std::future<int>> ends;
  for (const auto& name : names) {
    ends.emplace(name, std::async(std::launch::async, [this, name] { return engine_.stop(name); }));
    std::erase(names_, name);
  }
  for (const auto& [name, address] : addresses) {
    EXPECT_TRUE(wait_until([&] { return TcpClient(address).error() == ECONNREFUSED; })) << name << " still listens";
  }
  while_stopping();
  std::vector<std::string> wrong;
  for (auto& [name, end] : ends) {
    if (const int status = end.get(); status != 0) {
      wrong.push_back(name + " ended with " + std::to_string(status));
    }
  }
  return wrong;
}

std::vector<std::string> Replicas::oldest(std::size_t count) const {
  return {names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(std::min(count, names_.size()))};
}

}  // namespace ringway::test
