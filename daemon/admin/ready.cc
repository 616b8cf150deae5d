#include "daemon/admin/ready.h"

#include "daemon/text.h"

namespace ringway::daemon {

Readiness readiness(const Board& board, const DataPathReport& path) {
  Readiness out{true, ""};
  const auto condition = [&out](const std::string& name, const std::string& failure) {
    out.ready = out.ready && failure.empty();
    out.text += failure.empty() ? "[+]" + name + " ok\n" : "[-]" + name + " failed: " + printable(failure) + "\n";
  };
  for (const auto& name : board.wanted_sources()) {
    const auto source = board.sources().find(name);
    if (source == board.sources().end()) {
      condition("source-" + name, "has not been heard of yet");
    } else if (!source->second.synced) {
      condition("source-" + name, "has not listed yet: " + source->second.detail);
    } else if (!source->second.connected) {
      out.text += "[+]source-" + name +
                  " ok (not connected, what is known is kept: " + printable(source->second.detail) + ")\n";
    } else {
      condition("source-" + name, "");
    }
  }
  condition("listeners", board.listening() ? "" : "not all workers listen yet");
  if (path.note.empty()) {
    std::string failures;
    for (const auto& failure : path.failures) {
      failures += (failures.empty() ? "" : "; ") + failure;
    }
    condition("data-path", failures);
  } else {
    out.text += "[+]data-path ok (" + printable(path.note) + ")\n";
  }
  condition("running", board.stopping() ? "the daemon drains and ends" : "");
  out.text += out.ready ? "readyz check passed\n" : "readyz check failed\n";
  return out;
}

}  // namespace ringway::daemon
