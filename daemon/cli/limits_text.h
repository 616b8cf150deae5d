#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/values.h"

/// What `ringway check` says of limits: every one that a configuration puts in force, whether it names it or not.
namespace ringway::daemon {

/// A limit by its key, or by what it is of, and its value for a person.
using LimitLine = std::pair<std::string, std::string>;

/// Those of the daemon here: its files and what they allow, the backlog, and what is fixed. Raises this process' limit
/// of files as the daemon does its own.
[[nodiscard]] std::vector<LimitLine> daemon_limits(const config::Configuration& configuration);

/// Those of config::kLimitKeys that `policy` has.
[[nodiscard]] std::vector<LimitLine> policy_limits(const config::Policy& policy);

}  // namespace ringway::daemon
