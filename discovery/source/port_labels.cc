#include "discovery/source/port_labels.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "discovery/source/cut_text.h"

namespace ringway::discovery {
namespace {

constexpr std::string_view kPrefix = "ringway.io/port.";
/// Of a key and of a value, so much is shown.
constexpr std::size_t kMaxShownBytes = 64;
/// A note that is so long tells only how many more there are: it becomes a line of the log, and labels may be
/// thousands.
constexpr std::size_t kMaxNoteBytes = 1'024;

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

std::string shown(std::string_view text) {
  const std::string_view begin = cut_text(text, kMaxShownBytes);
  return std::string(begin) + (begin.size() < text.size() ? "…" : "");
}

}  // namespace

void read_port_labels(const Labels& labels, std::multimap<std::string, NamedPort>& ports, std::string& note,
                      std::string_view what) {
  std::size_t more = 0;
  for (auto label = labels.lower_bound(kPrefix); label != labels.end() && label->first.starts_with(kPrefix); ++label) {
    const auto name = label->first.substr(kPrefix.size());
    const auto port = parse_port(label->second);
    if (port && !name.empty()) {
      ports.emplace(name, *port);
      continue;
    }
    std::string line = std::string(what) + " " + shown(label->first) + "=" + shown(label->second) +
                       " is ignored: wanted " + std::string(kPrefix) + "NAME=PORT[/tcp|/udp], PORT from 1 to 65535";
    if (more > 0 || (!note.empty() && note.size() + line.size() > kMaxNoteBytes)) {
      ++more;
      continue;
    }
    note += (note.empty() ? "" : "; ") + std::move(line);
  }
  if (more > 0) {
    note += "; … and " + std::to_string(more) + " more";
  }
}

}  // namespace ringway::discovery
