#pragma once

#include <map>
#include <string>
#include <string_view>

#include "discovery/source/watcher.h"

namespace ringway::discovery {

/// Reads the labels `ringway.io/port.NAME=8080`, `=8080/tcp` and `=8080/udp` into `ports`. What is not one of them is
/// left out and said in `note`, where `what` names the kind: "label", "annotation". Of many the first are said, in
/// about 1 KiB, and how many more there are.
void read_port_labels(const Labels& labels, std::multimap<std::string, NamedPort>& ports, std::string& note,
                      std::string_view what = "label");

}  // namespace ringway::discovery
