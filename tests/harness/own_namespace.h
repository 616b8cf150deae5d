#pragma once

#include <string>

namespace ringway::test {

/// Moves the calling thread into a new network namespace with `lo` up, with a user namespace of its own where the
/// process is not privileged. Returns what stood in the way, "" when it worked.
std::string enter_own_namespace();

/// Gives up all capabilities of the calling thread for good.
void drop_capabilities();

/// Sets an interface up or down; false when the kernel refuses.
bool set_up(const std::string& interface, bool up);

}  // namespace ringway::test
