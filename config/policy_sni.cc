#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/keys.h"
#include "config/names.h"
#include "config/policy.h"

// What of a policy says which endpoints the server name of a TLS client chooses.
namespace ringway::config {
namespace {

constexpr milliseconds kMinTimeout{10};
constexpr milliseconds kMaxTimeout = std::chrono::minutes(10);
/// Each has endpoints and health checks of its own.
constexpr std::size_t kMaxRoutes = 256;
constexpr std::size_t kMaxNames = 1024;

/// In lower case, without the dot at the end.
std::optional<std::string> decode_name(const Cursor& at) {
  auto name = at.string();
  if (!name) {
    if (!at.present()) {
      at.fail("a server name is needed");
    }
    return std::nullopt;
  }
  std::ranges::transform(*name, name->begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  if (name->ends_with('.')) {
    name->pop_back();
  }
  const std::string_view rest = std::string_view(*name).substr(name->starts_with("*.") ? 2 : 0);
  if (parse_ip(rest)) {
    at.fail("clients send no server name for an address (RFC 6066), a host name is needed");
    return std::nullopt;
  }
  if (!check_dns1123_subdomain(rest).empty()) {
    at.fail("a host name like shop.example, or *.shop.example for all below it, is needed");
    return std::nullopt;
  }
  return name;
}

std::vector<std::string> decode_names(const Cursor& route, std::set<std::string>& known) {
  std::vector<std::string> names;
  const auto entries = route["names"].list(kMaxNames);
  if (entries.empty()) {
    route.fail("names are needed, a list like [shop.example, \"*.shop.example\"]");
  }
  for (const Cursor& entry : entries) {
    auto name = decode_name(entry);
    if (!name) {
      continue;
    }
    if (!known.insert(*name).second) {
      entry.fail("'" + *name + "' stands in these routes already, a name may stand once");
    }
    names.push_back(std::move(*name));
  }
  return names;
}

std::vector<SniRoute> decode_routes(const Cursor& list) {
  std::vector<SniRoute> routes;
  std::set<std::string> known;
  for (const Cursor& entry : list.list(kMaxRoutes)) {
    if (!entry.is_map()) {
      entry.fail("a mapping with names and a selector is needed");
      continue;
    }
    entry.allow_only(kSniRouteKeys);
    auto names = decode_names(entry, known);
    const Cursor at = entry["selector"];
    auto selector = decode_selector(at);
    if (!at.present()) {
      entry.fail("a selector is needed, like \"tier=shop\"");
    } else if (selector && selector->requirements().empty()) {
      at.fail("a selector that wants something is needed: the empty one selects nothing here");
    }
    if (selector && !names.empty()) {
      routes.push_back({std::move(names), std::move(*selector)});
    }
  }
  return routes;
}

}  // namespace

void decode_sni(const Cursor& policy, bool of_service, PolicyPatch& patch) {
  const Cursor at = policy["sni"];
  if (!at.present()) {
    return;
  }
  if (!of_service) {
    at.fail("routes belong to one Service, they have no default");
    return;
  }
  if (!at.expect_map()) {
    return;
  }
  at.allow_only(kSniKeys);
  Sni sni;
  if (const Cursor port = at["port"]; port.is_number()) {
    sni.port = static_cast<std::uint16_t>(port.integer(1, 65'535).value_or(0));
  } else {
    sni.port = port.string().value_or("");
  }
  sni.routes = decode_routes(at["routes"]);
  if (!at["routes"].present() || (at["routes"].is_list() && at["routes"].list().empty())) {
    at.fail("routes are needed, a list of names with their selector");
  }
  sni.timeout = at["timeout"].duration(kMinTimeout, kMaxTimeout).value_or(sni.timeout);
  sni.reject = at["unmatched"].one_of<bool>({{"default", false}, {"reject", true}}).value_or(sni.reject);
  patch.sni = std::move(sni);
}

void settle_sni_port(const Cursor& at, const std::vector<ServicePort>& ports, Sni& sni) {
  const std::string* name = std::get_if<std::string>(&sni.port);
  const std::string wanted = name == nullptr ? std::to_string(std::get<std::uint16_t>(sni.port)) : *name;
  std::vector<std::uint16_t> found;
  for (const ServicePort& port : ports) {
    const std::string own = name == nullptr ? std::to_string(port.port) : port.name;
    if (port.protocol == Protocol::kTcp && (wanted.empty() || own == wanted)) {
      found.push_back(port.port);
    }
  }
  if (found.size() == 1) {
    sni.port = found.front();
  } else if (wanted.empty() && found.size() > 1) {
    at.fail("a port is needed where a Service has several of TCP: the name or number of the one that has the routes");
  } else {
    at["port"].fail("the name or number of a TCP port of this Service is needed");
  }
}

}  // namespace ringway::config
