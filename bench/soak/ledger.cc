#include "bench/soak/ledger.h"

#include <algorithm>
#include <array>

namespace ringway::soak {
namespace {

using std::chrono::milliseconds;

/// After files are back a session may still wait for one: until its `connect.timeout` of 1 s has passed.
constexpr milliseconds kFilesEcho{1'500};

bool overlap(const Failure& failure, const Fault& fault, milliseconds echo) {
  const auto end = fault.end == Clock::time_point::max() ? fault.end : fault.end + echo;
  return failure.begun <= end && failure.failed >= fault.begin;
}

bool explains(const Fault& fault, const Failure& failure) {
  const bool unknown = failure.server.empty();
  const bool same_service = failure.service == fault.service;
  const bool reset = failure.what == "reset";
  switch (fault.kind) {
    case Fault::Kind::kKilled:
      return reset && (unknown ? same_service && overlap(failure, fault, milliseconds(0))
                               : failure.server == fault.server && failure.failed >= fault.begin);
    case Fault::Kind::kFilesOut:
      return reset && unknown && overlap(failure, fault, kFilesEcho);
    case Fault::Kind::kNoEndpoint:
      return same_service && unknown && (reset || failure.what == "refused") &&
             overlap(failure, fault, milliseconds(0));
    case Fault::Kind::kDrained:
      return (reset || failure.what == "early FIN") && failure.server == fault.server &&
             failure.failed >= fault.begin && failure.begun <= fault.end;
  }
  return false;
}

}  // namespace

std::size_t Ledger::begin(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
  return faults_.size() - 1;
}

void Ledger::end(std::size_t number) {
  const std::lock_guard lock(mutex_);
  faults_[number].end = Clock::now();
}

std::string Ledger::excuse(const Failure& failure) const {
  constexpr std::array kNames = {"its server was killed", "files were out", "no endpoint", "drained"};
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find_if(faults_, [&](const Fault& fault) { return explains(fault, failure); });
  return found == faults_.end() ? "" : kNames[static_cast<std::size_t>(found->kind)];
}

}  // namespace ringway::soak
