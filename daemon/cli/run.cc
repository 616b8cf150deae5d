#include <boost/asio/io_context.hpp>
#include <ostream>

#include "daemon/cli/command_line.h"
#include "daemon/cli/commands.h"
#include "daemon/supervisor.h"

namespace ringway::daemon {

int run_daemon(const std::vector<std::filesystem::path>& config, const Terminal& terminal) {
  boost::asio::io_context context(1);
  SupervisorOptions options;
  options.config_paths = config;
  Supervisor supervisor(context, std::move(options));
  if (const auto started = supervisor.start(); !started) {
    for (const auto& line : started.error()) {
      terminal.err << line << '\n';
    }
    return kFailed;
  }
  context.run();
  return kFine;
}

}  // namespace ringway::daemon
