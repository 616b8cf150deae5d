#include <iostream>

#include "daemon/cli/command_line.h"

int main(int argc, char** argv) {
  return ringway::daemon::run_command_line(argc, argv, std::cout, std::cerr);
}
