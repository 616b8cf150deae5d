#include "proxy/core/snapshot.h"

namespace ringway::proxy {

std::string ServiceKey::to_string() const {
  return ns + "/" + service + (port.empty() ? "" : ":" + port) + (route.empty() ? "" : "/" + route);
}

}  // namespace ringway::proxy
