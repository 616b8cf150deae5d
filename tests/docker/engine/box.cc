#include "tests/docker/engine/box.h"

#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <vector>

#include "tests/docker/engine/command.h"

namespace ringway::test {
namespace {

bool in_box() {
  return std::getenv("RINGWAY_BOX") != nullptr;
}

}  // namespace

void enter_box(char** argv) {
  bool only_names = false;
  std::vector<char*> words = {const_cast<char*>(RINGWAY_BOX_SCRIPT)};
  for (char** word = argv; *word != nullptr; ++word) {
    only_names |= std::string_view(*word) == "--gtest_list_tests";
    words.push_back(*word);
  }
  words.push_back(nullptr);
  if (in_box() || only_names || skip_engines() || geteuid() != 0) {
    return;
  }
  execv(RINGWAY_BOX_SCRIPT, words.data());
}

std::string why_no_engine(const std::string& program) {
  const std::string otherwise = ", or set RINGWAY_SKIP_DOCKER=1 to skip the tests with real container engines";
  if (geteuid() != 0) {
    return "a container engine needs root: run the tests with sudo" + otherwise;
  }
  for (const std::string& needed : {program, std::string("docker"), std::string("busybox"), std::string("unshare")}) {
    if (!program_exists(needed)) {
      return needed + " is missing: run `./dev setup` (Debian packages docker.io, podman, busybox-static)" + otherwise;
    }
  }
  if (!in_box()) {
    return "not inside of tests/docker/box.sh: does unshare(1) work here?" + otherwise;
  }
  return "";
}

bool skip_engines() {
  const char* skip = std::getenv("RINGWAY_SKIP_DOCKER");
  return skip != nullptr && std::string_view(skip) == "1";
}

}  // namespace ringway::test
