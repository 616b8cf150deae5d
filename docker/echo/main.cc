#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <boost/system/system_error.hpp>
#include <charconv>
#include <cstdio>
#include <string>

#include "docker/echo/server.h"

namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "echo";
}

/// Empty where `text` is `ip:port`, whose parts then stand in `options`; else what is wrong.
std::string read_listen(const std::string& text, ringway::echo::Options& options) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) {
    return "'" + text + "' is not IP:PORT";
  }
  options.address = text.substr(0, colon);
  if (options.address.starts_with('[') && options.address.ends_with(']')) {
    options.address = options.address.substr(1, options.address.size() - 2);
  }
  const char* const begin = text.data() + colon + 1;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(begin, end, options.port);
  return error == std::errc() && stopped == end ? "" : "'" + text + "': the port must be a number from 0 to 65535";
}

}  // namespace

int main(int argc, char** argv) {
  ringway::echo::Options options{.name = host_name()};
  std::string listen = "0.0.0.0:8080";
  CLI::App app("Answers HTTP requests with what it was asked and who it is", "ringway-echo");
  app.add_option("--listen", listen, "IP:PORT to listen on; port 0 takes a free one")
      ->capture_default_str()
      ->check([&options](const std::string& text) { return read_listen(text, options); });
  app.add_option("--name", options.name, "what it calls itself")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    ringway::echo::Server server(options);
    std::printf("%s listens on %s\n", options.name.c_str(), server.where().c_str());
    std::fflush(stdout);
    server.run();
  } catch (const boost::system::system_error& error) {
    std::fprintf(stderr, "ringway-echo: listening on %s: %s\n", listen.c_str(), error.code().message().c_str());
    return 1;
  }
  return 0;
}
