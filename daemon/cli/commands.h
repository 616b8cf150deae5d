#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/cli/client.h"

/// One function for each command; each returns the exit status. What is wrong goes to `err`, in one line.
namespace ringway::daemon {

struct Terminal {
  std::ostream& out;
  std::ostream& err;

  /// Prints `ringway: what` to `err` and returns kFailed.
  int fail(std::string_view what) const;
};

/// `get`: which objects, and how they are shown.
struct GetOptions {
  std::string kind;  ///< services, endpoints, workloads, sessions or events
  std::vector<std::string> names;
  std::string ns = "default";
  bool all_namespaces = false;
  std::string selector;
  std::string format = "table";  ///< table, wide, json or yaml
  bool watch = false;
};

/// `services`, `service`, `svc` … as the plural that the API has; "" for anything else.
[[nodiscard]] std::string plural_of(std::string_view kind);

int run_daemon(const std::vector<std::filesystem::path>& config, const Terminal& terminal);
int check_config(const std::vector<std::filesystem::path>& config, const Terminal& terminal);
int get_objects(const AdminClient& client, const GetOptions& options, const Terminal& terminal);
int describe_service(const AdminClient& client, const std::string& ns, const std::string& name,
                     const Terminal& terminal);
int print_service_urls(const AdminClient& client, const std::string& ns, const std::string& name,
                       const Terminal& terminal);
int drain(const AdminClient& client, const std::string& endpoint, bool persist, const Terminal& terminal);
int undrain(const AdminClient& client, const std::string& endpoint, const Terminal& terminal);
int reload_config(const AdminClient& client, const Terminal& terminal);
int print_dashboard(const AdminClient& client, const Terminal& terminal);
/// Works without a daemon; one that answers at `client` is shown too.
int print_version(const AdminClient& client, const std::string& format, const Terminal& terminal);

}  // namespace ringway::daemon
