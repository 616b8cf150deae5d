#include "daemon/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <ostream>

#include "daemon/cli/commands.h"
#include "daemon/version.h"

namespace ringway::daemon {

namespace {

constexpr char kDefaultAdmin[] = "http://127.0.0.1:9900";
constexpr char kAdminVariable[] = "RINGWAY_ADMIN";

/// All that the arguments can say.
struct Arguments {
  std::string admin = kDefaultAdmin;
  std::vector<std::filesystem::path> config;
  GetOptions get;
  std::vector<std::string> kind_and_names;
  std::vector<std::string> service;
  std::string endpoint;
  bool persist = false;
  bool url = false;
  std::string version_format = "text";
};

/// Wrong usage that only shows after parsing.
struct UsageError {
  std::string what;
};

CLI::App* add_command(CLI::App& app, const char* name, const char* what) {
  CLI::App* command = app.add_subcommand(name, what);
  command->fallthrough();
  return command;
}

void add_config(CLI::App* command, Arguments& arguments) {
  command->add_option("-c,--config", arguments.config, "A file or folder of configuration; may be repeated")
      ->required()
      ->type_name("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_namespace(CLI::App* command, Arguments& arguments) {
  command->add_option("-n,--namespace", arguments.get.ns, "The namespace")->capture_default_str()->type_name("NS");
}

void add_get(CLI::App& app, Arguments& arguments) {
  CLI::App* get = add_command(app, "get", "Show services, endpoints, workloads, sessions or events");
  get->add_option("what", arguments.kind_and_names, "services|endpoints|workloads|sessions|events [NAME...]")
      ->required()
      ->type_name("KIND [NAME]");
  add_namespace(get, arguments);
  get->add_flag("-A,--all-namespaces", arguments.get.all_namespaces, "All namespaces");
  get->add_option("-l,--selector", arguments.get.selector, "Only what has these labels: 'a=b,c in (d,e),!f'")
      ->type_name("SELECTOR");
  get->add_option("-o,--output", arguments.get.format, "How to print")
      ->check(CLI::IsMember({"table", "wide", "json", "yaml"}))
      ->type_name("table|wide|json|yaml")
      ->capture_default_str();
  get->add_flag("-w,--watch", arguments.get.watch, "Then go on with what changes");
}

void add_commands(CLI::App& app, Arguments& arguments) {
  add_config(add_command(app, "run", "Run the daemon in the foreground"), arguments);
  add_config(add_command(app, "check", "Validate a configuration and print what would run"), arguments);
  add_get(app, arguments);

  CLI::App* describe =
      add_command(app, "describe", "Show one service with its endpoints, and why each workload is in or out");
  describe->add_option("what", arguments.service, "service NAME")->required()->expected(1, 2)->type_name("KIND NAME");
  add_namespace(describe, arguments);

  CLI::App* service = add_command(app, "service", "Print the addresses of a service as URLs");
  service->add_option("name", arguments.service, "The service")->required()->expected(1)->type_name("NAME");
  service->add_flag("--url", arguments.url, "Print URLs (the only form there is; as minikube has it)");
  add_namespace(service, arguments);

  constexpr char kEndpoint[] = "ADDRESS:PORT, a workload's name, or NAMESPACE/NAME";
  CLI::App* drain = add_command(app, "drain", "Send an endpoint no new sessions");
  drain->add_flag("--persist", arguments.persist, "Also after a restart of the daemon");
  for (CLI::App* command : {drain, add_command(app, "undrain", "Take back a drain")}) {
    command->add_option("endpoint", arguments.endpoint, kEndpoint)->required()->type_name("ENDPOINT");
  }
  add_command(app, "reload", "Reload the configuration now and print what changed");
  add_command(app, "dashboard", "Print the address of the dashboard");
  add_command(app, "version", "Print version, kernel, engine and features")
      ->add_option("-o,--output", arguments.version_format, "How to print")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("text|json");
}

/// `get service/web` and `get svc web db`: the kind as the API has it, and the names.
void split_kind(Arguments& arguments) {
  auto& words = arguments.kind_and_names;
  auto& names = arguments.get.names;
  std::string kind = words.front();
  names.assign(words.begin() + 1, words.end());
  if (const auto slash = kind.find('/'); slash != std::string::npos) {
    names.insert(names.begin(), kind.substr(slash + 1));
    kind.resize(slash);
  }
  arguments.get.kind = plural_of(kind);
  if (arguments.get.kind.empty()) {
    throw UsageError{"\"" + kind + "\" cannot be shown, allowed: services, endpoints, workloads, sessions, events"};
  }
  const bool sessions = arguments.get.kind == "sessions";
  if (sessions && arguments.get.watch) {
    throw UsageError{"get sessions: cannot be watched"};
  }
  if ((sessions || arguments.get.kind == "events") && !arguments.get.selector.empty()) {
    throw UsageError{"get " + arguments.get.kind + ": they have no labels to select by"};
  }
}

/// The NAME of `describe service NAME` and `describe service/NAME`.
std::string described_name(const Arguments& arguments) {
  std::string kind = arguments.service.front();
  std::string name = arguments.service.size() > 1 ? arguments.service[1] : "";
  if (const auto slash = kind.find('/'); slash != std::string::npos && name.empty()) {
    name = kind.substr(slash + 1);
    kind.resize(slash);
  }
  if (plural_of(kind) != "services" || name.empty()) {
    throw UsageError{"allowed: describe service NAME"};
  }
  return name;
}

int dispatch(const std::string& command, Arguments& arguments, const Terminal& terminal) {
  if (command == "run") {
    return run_daemon(arguments.config, terminal);
  }
  if (command == "check") {
    return check_config(arguments.config, terminal);
  }
  const auto admin = parse_admin_url(arguments.admin);
  if (!admin) {
    throw UsageError{"--admin \"" + arguments.admin + "\": allowed: http://HOST:PORT, unix:PATH"};
  }
  const AdminClient client(*admin);
  if (command == "get") {
    split_kind(arguments);
    return get_objects(client, arguments.get, terminal);
  }
  if (command == "describe") {
    return describe_service(client, arguments.get.ns, described_name(arguments), terminal);
  }
  if (command == "service") {
    return print_service_urls(client, arguments.get.ns, arguments.service.front(), terminal);
  }
  if (command == "drain") {
    return drain(client, arguments.endpoint, arguments.persist, terminal);
  }
  if (command == "undrain") {
    return undrain(client, arguments.endpoint, terminal);
  }
  if (command == "reload") {
    return reload_config(client, terminal);
  }
  if (command == "dashboard") {
    return print_dashboard(client, terminal);
  }
  return print_version(client, arguments.version_format, terminal);
}

}  // namespace

int run_command_line(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  CLI::App app("Kubernetes Services for any machine that runs containers.", "ringway");
  Arguments arguments;
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string(version()));
  app.add_option("--admin", arguments.admin, "Where the daemon answers: http://HOST:PORT or unix:PATH")
      ->envname(kAdminVariable)
      ->type_name("URL")
      ->capture_default_str();
  add_commands(app, arguments);
  try {
    app.parse(argc, argv);
    return dispatch(app.get_subcommands().front()->get_name(), arguments, {out, err});
  } catch (const CLI::ParseError& error) {
    return app.exit(error, out, err) == 0 ? kFine : kWrongUsage;
  } catch (const UsageError& error) {
    err << "ringway: " << error.what << '\n';
    return kWrongUsage;
  } catch (const std::exception& error) {
    err << "ringway: " << error.what() << '\n';
    return kFailed;
  }
}

}  // namespace ringway::daemon
