#include <nlohmann/json.hpp>
#include <ostream>

#include "daemon/cli/command_line.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/fields.h"
#include "daemon/text.h"
#include "daemon/version.h"
#include "proxy/ring/engine.h"
#include "proxy/steer/steering.h"

namespace ringway::daemon {

namespace {

using nlohmann::json;

}  // namespace

int Terminal::fail(std::string_view what) const {
  err << "ringway: " << printable(what) << '\n';
  return kFailed;
}

int print_service_urls(const AdminClient& client, const std::string& ns, const std::string& name,
                       const Terminal& terminal) {
  const auto answer = client.get(make_target("/api/v1/services", {{"namespace", ns}, {"name", name}}));
  if (!answer) {
    return terminal.fail(answer.error().context);
  }
  if (!answer->ok()) {
    return terminal.fail(answer->error());
  }
  const auto& services = array(answer->body, "items");
  if (services.empty()) {
    return terminal.fail("service \"" + name + "\" not found in namespace " + ns);
  }
  bool any = false;
  for (const auto& port : array(services.front(), "ports")) {
    const std::string scheme = text(port, "name").starts_with("https") ? "https" : "http";
    for (const auto& listen : array(port, "listen")) {
      terminal.out << scheme << "://" << (listen.is_string() ? listen.get<std::string>() : "") << '\n';
      any = true;
    }
  }
  return any ? kFine : terminal.fail("service \"" + name + "\" has no virtual IP that is served");
}

namespace {

int tell_drain(const proxy::Result<AdminClient::Answer>& answer, const std::string& done, const Terminal& terminal) {
  if (!answer) {
    return terminal.fail(answer.error().context);
  }
  if (!answer->ok()) {
    return terminal.fail(answer->error());
  }
  const std::uint64_t count = number(answer->body, "count");
  terminal.out << printable(text(answer->body, "endpoint")) << ' ' << done << " (" << count << " endpoint"
               << (count == 1 ? ")" : "s)") << '\n';
  return kFine;
}

}  // namespace

int drain(const AdminClient& client, const std::string& endpoint, bool persist, const Terminal& terminal) {
  return tell_drain(client.post("/api/v1/drain", {{"endpoint", endpoint}, {"persist", persist}}),
                    persist ? "drained, also after a restart" : "drained", terminal);
}

int undrain(const AdminClient& client, const std::string& endpoint, const Terminal& terminal) {
  return tell_drain(client.post("/api/v1/undrain", {{"endpoint", endpoint}}), "undrained", terminal);
}

int reload_config(const AdminClient& client, const Terminal& terminal) {
  const auto answer = client.post("/api/v1/reload", json::object());
  if (!answer) {
    return terminal.fail(answer.error().context);
  }
  if (!answer->ok()) {
    for (const auto& mistake : array(answer->body, "mistakes")) {
      terminal.err << printable(mistake.is_string() ? mistake.get<std::string>() : "") << '\n';
    }
    return terminal.fail(answer->error());
  }
  for (const auto& change : array(answer->body, "changes")) {
    terminal.out << printable(change.is_string() ? change.get<std::string>() : "") << '\n';
  }
  if (text(answer->body, "result") == "unchanged") {
    terminal.out << "nothing changed\n";
  }
  return kFine;
}

int print_dashboard(const AdminClient& client, const Terminal& terminal) {
  if (const auto answer = client.get("/livez"); !answer) {
    return terminal.fail(answer.error().context);
  }
  if (client.address().starts_with("unix:")) {
    return terminal.fail("the daemon listens on " + client.address() +
                         ", which no browser opens: set spec.admin.listen to an address like 127.0.0.1:9900");
  }
  terminal.out << client.address() << (client.address().ends_with('/') ? "" : "/") << '\n';
  return kFine;
}

int print_version(const AdminClient& client, const std::string& format, const Terminal& terminal) {
  const auto engine = proxy::choose_engine(std::nullopt);
  const auto steering = proxy::can_steer();
  const auto answer = client.get("/api/v1/version");
  const bool answered = answer && answer->ok();
  json out = {{"version", version()},
              {"kernel", kernel()},
              {"engine", to_string(engine.engine)},
              {"engineReason", engine.why},
              {"steering", steering.has_value()},
              {"steeringReason", steering ? "" : steering.error().context},
              {"features", features()},
              {"daemon", answered ? answer->body : json()}};
  if (format == "json") {
    terminal.out << to_pretty(out) << '\n';
    return kFine;
  }
  terminal.out << "ringway   " << version() << '\n'
               << "kernel    " << kernel() << '\n'
               << "engine    " << to_string(engine.engine) << ": " << engine.why << '\n'
               << "steering  " << (steering ? "can be had" : steering.error().context) << '\n'
               << "features  " << joined(out, "features", ", ") << '\n';
  if (answered) {
    terminal.out << "daemon    " << printable(text(answer->body, "version")) << " at " << client.address() << ", "
                 << printable(text(answer->body, "engine")) << ", " << number(answer->body, "workers")
                 << " workers, since " << printable(text(answer->body, "startedAt")) << '\n';
  } else {
    terminal.out << "daemon    none answers at " << client.address() << '\n';
  }
  return kFine;
}

}  // namespace ringway::daemon
