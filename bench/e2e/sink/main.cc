#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>

#include "bench/e2e/sink/sink.h"
#include "bench/e2e/wire/socket.h"

int main(int argc, char** argv) {
  std::string listen = "127.0.0.11:7000";
  CLI::App app("The server of the end-to-end benchmark: echo, source, discard and control on four ports in a row",
               "ringway-sink");
  app.add_option("--listen", listen, "IPv4:PORT of the first")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    ringway::bench::Sink sink(ringway::bench::read_address(listen));
    sink.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ringway-sink: %s\n", error.what());
    return 1;
  }
}
