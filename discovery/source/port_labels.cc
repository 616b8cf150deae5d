#include "discovery/source/port_labels.h"

#include <charconv>
#include <optional>
#include <string_view>

namespace ringway::discovery {
namespace {

constexpr std::string_view kPrefix = "ringway.io/port.";

std::optional<NamedPort> parse_port(std::string_view text) {
  NamedPort port;
  const auto* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, port.number);
  const std::string_view protocol(end, last);
  if (error != std::errc() || port.number == 0 || (!protocol.empty() && protocol != "/tcp" && protocol != "/udp")) {
    return std::nullopt;
  }
  port.udp = protocol == "/udp";
  return port;
}

}  // namespace

void read_port_labels(const Labels& labels, std::multimap<std::string, NamedPort>& ports, std::string& note,
                      std::string_view what) {
  for (auto label = labels.lower_bound(kPrefix); label != labels.end() && label->first.starts_with(kPrefix); ++label) {
    const auto name = label->first.substr(kPrefix.size());
    const auto port = parse_port(label->second);
    if (port && !name.empty()) {
      ports.emplace(name, *port);
      continue;
    }
    note += (note.empty() ? "" : "; ") + std::string(what) + " " + label->first + "=" + label->second.substr(0, 64) +
            " is ignored: wanted " + std::string(kPrefix) + "NAME=PORT[/tcp|/udp], PORT from 1 to 65535";
  }
}

}  // namespace ringway::discovery
