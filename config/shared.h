#pragma once

#include <boost/flyweight.hpp>

namespace ringway::config {

/// A value that many have, like the name of a node: kept once in the process, 8 bytes for each that has it, compared by
/// its place. Reads as a `const Value&`. Any thread.
template <typename Value>
using Shared = boost::flyweight<Value>;

}  // namespace ringway::config
