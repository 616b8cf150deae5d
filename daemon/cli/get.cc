#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

#include "daemon/cli/command_line.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/fields.h"
#include "daemon/cli/tables.h"
#include "daemon/cli/yaml.h"
#include "daemon/text.h"

namespace ringway::daemon {

namespace {

using nlohmann::json;

std::string singular(const std::string& kind) {
  return kind.substr(0, kind.size() - 1);
}

/// Sessions and events are of a Service, which may have none of them: no name is missing then.
bool has_no_labels(const std::string& kind) {
  return kind == "sessions" || kind == "events";
}

/// The field that `get KIND NAME` compares.
const char* name_field(const std::string& kind) {
  return kind == "endpoints" || has_no_labels(kind) ? "service" : "name";
}

std::string target_of(const GetOptions& options, const std::string& path) {
  return make_target(path, {{"namespace", options.all_namespaces ? "" : options.ns},
                            {"name", options.names.size() == 1 ? options.names.front() : ""},
                            {"labelSelector", options.selector}});
}

bool is_named(const GetOptions& options, const json& item) {
  return options.names.empty() ||
         std::ranges::find(options.names, text(item, name_field(options.kind))) != options.names.end();
}

json chosen(const GetOptions& options, const json& items) {
  json out = json::array();
  for (const auto& item : items) {
    if (is_named(options, item)) {
      out.push_back(item);
    }
  }
  return out;
}

/// The first of the names for which `items` has nothing; "" where all have.
std::string missing(const GetOptions& options, const json& items) {
  for (const auto& name : options.names) {
    const auto same = [&](const json& item) { return text(item, name_field(options.kind)) == name; };
    if (std::ranges::none_of(items, same)) {
      return name;
    }
  }
  return "";
}

void print(const GetOptions& options, const json& items, std::ostream& out) {
  const bool one = options.names.size() == 1 && items.size() == 1;
  const json shown = one ? items.front() : json{{"items", items}};
  if (options.format == "json") {
    out << to_pretty(shown) << '\n';
    return;
  }
  if (options.format == "yaml") {
    out << to_yaml(shown);
    return;
  }
  ObjectTable table(options.kind, options.format == "wide", options.all_namespaces);
  for (const auto& item : items) {
    table.add(item);
  }
  table.print(out);
}

int get_once(const AdminClient& client, const GetOptions& options, const Terminal& terminal) {
  const auto answer = client.get(target_of(options, "/api/v1/" + options.kind));
  if (!answer) {
    return terminal.fail(answer.error().context);
  }
  if (!answer->ok()) {
    return terminal.fail(answer->error());
  }
  const json items = chosen(options, array(answer->body, "items"));
  const std::string absent = has_no_labels(options.kind) ? "" : missing(options, items);
  if (!items.empty() || options.format == "json" || options.format == "yaml") {
    if (absent.empty() || !items.empty()) {
      print(options, items, terminal.out);
    }
  } else if (absent.empty()) {
    terminal.err << "No " << options.kind << " found" << (options.all_namespaces ? "" : " in namespace " + options.ns)
                 << ".\n";
  }
  if (truth(answer->body, "truncated")) {
    terminal.err << "There are more sessions than these.\n";
  }
  if (!absent.empty()) {
    return terminal.fail(singular(options.kind) + " \"" + absent + "\" not found" +
                         (options.all_namespaces ? "" : " in namespace " + options.ns));
  }
  return kFine;
}

int get_and_watch(const AdminClient& client, const GetOptions& options, const Terminal& terminal) {
  ObjectTable table(options.kind, options.format == "wide", options.all_namespaces);
  const auto show = [&](const json& items) {
    for (const auto& item : chosen(options, items)) {
      if (options.format == "json") {
        terminal.out << to_line(item) << std::endl;
      } else if (options.format == "yaml") {
        terminal.out << "---\n" << to_yaml(item) << std::flush;
      } else {
        table.add(item);
      }
    }
    if (!table.empty()) {
      table.print(terminal.out);
    }
  };
  const auto ended = client.stream(target_of(options, "/api/v1/stream"), [&](const json& data) {
    show(array(data, options.kind.c_str()));
    json removed = array(object(data, "removed"), options.kind.c_str());
    for (auto& item : removed) {
      item["state"] = "removed";
      item["reason"] = "removed";
    }
    show(removed);
    if (const auto lost = number(data, "eventsLost"); options.kind == "events" && lost > 0) {
      terminal.err << lost << " events came faster than they were read, and are lost.\n";
    }
    return terminal.out.good();
  });
  return ended ? kFine : terminal.fail(ended.error().context);
}

}  // namespace

std::string plural_of(std::string_view kind) {
  struct Names {
    std::string_view plural;
    std::array<std::string_view, 3> others;
  };
  constexpr std::array<Names, 5> kKinds = {{{"services", {"service", "svc", "services"}},
                                            {"endpoints", {"endpoint", "ep", "endpoints"}},
                                            {"workloads", {"workload", "wl", "workloads"}},
                                            {"sessions", {"session", "sess", "sessions"}},
                                            {"events", {"event", "ev", "events"}}}};
  for (const auto& names : kKinds) {
    if (std::ranges::find(names.others, kind) != names.others.end()) {
      return std::string(names.plural);
    }
  }
  return "";
}

int get_objects(const AdminClient& client, const GetOptions& options, const Terminal& terminal) {
  return options.watch ? get_and_watch(client, options, terminal) : get_once(client, options, terminal);
}

}  // namespace ringway::daemon
