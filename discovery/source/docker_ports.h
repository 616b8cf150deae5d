#pragma once

#include <map>
#include <string>

#include "discovery/source/watcher.h"

namespace ringway::discovery {

/// Reads the labels `ringway.io/port.NAME=8080`, `=8080/tcp` and `=8080/udp` into `ports`. What is not one of them is
/// left out and said in `note`.
void read_port_labels(const Labels& labels, std::multimap<std::string, NamedPort>& ports, std::string& note);

}  // namespace ringway::discovery
