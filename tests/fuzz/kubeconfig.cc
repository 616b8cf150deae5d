#include "config/kubeconfig.h"
#include "tests/fuzz/check.h"

namespace ringway::fuzz {

void try_text(std::string_view text) {
  const auto access = config::parse_kubeconfig(text, "/nowhere/config", "");
  if (access) {
    promise(!access->host.empty(), "a cluster has a host");
  } else {
    promise(!access.error().empty(), "a refusal has words");
  }
}

}  // namespace ringway::fuzz
