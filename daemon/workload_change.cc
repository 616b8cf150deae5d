#include "daemon/workload_change.h"

namespace ringway::daemon {
namespace {

using discovery::Labels;
using discovery::Workload;

std::string or_none(std::string text) {
  return text.empty() ? "none" : text;
}

std::string addresses_text(const Workload& workload) {
  std::string out;
  for (const auto& address : workload.addresses) {
    out += (out.empty() ? "" : ",") + address.to_string();
  }
  return or_none(std::move(out));
}

std::string ports_text(const Workload& workload) {
  std::string out;
  for (const auto& [name, port] : workload.ports) {
    out += (out.empty() ? "" : ",") + name + "=" + std::to_string(port.number);
  }
  return or_none(std::move(out));
}

std::string ready_text(const Workload& workload) {
  return workload.terminating ? "terminating" : workload.ready ? "yes" : "no (" + or_none(workload.reason) + ")";
}

/// The labels of `one` that `other` does not have, or not so.
std::string labels_beside(const Labels& one, const Labels& other) {
  std::string out;
  for (const auto& [key, value] : one) {
    if (const auto found = other.find(key); found == other.end() || found->second != value) {
      out += (out.empty() ? "" : ",") + key + "=" + value;
    }
  }
  return or_none(std::move(out));
}

std::string differences(const Workload& before, const Workload& after) {
  std::string out;
  const auto tell = [&out](const char* what, const std::string& was, const std::string& is) {
    if (was != is) {
      out += (out.empty() ? "" : "; ") + std::string(what) + ": " + was + " to " + is;
    }
  };
  tell("ready", ready_text(before), ready_text(after));
  tell("addresses", addresses_text(before), addresses_text(after));
  tell("ports", ports_text(before), ports_text(after));
  tell("labels", labels_beside(before.labels, after.labels), labels_beside(after.labels, before.labels));
  tell("name", before.name, after.name);
  tell("node", or_none(before.node), or_none(after.node));
  return out.empty() ? "told anew" : out;
}

}  // namespace

std::string change_text(const Workload* before, const Workload* after) {
  if (after == nullptr) {
    return before->source + ": gone";
  }
  if (before != nullptr) {
    return after->source + ": " + differences(*before, *after);
  }
  const std::string why = after->reason.empty() ? "" : ": " + after->reason;
  return after->source + ": " + (after->ready ? "ready" : "not ready") + why;
}

}  // namespace ringway::daemon
