#include "proxy/core/snapshot.h"

namespace ringway::proxy {

std::string ServiceKey::to_string() const {
  return port.empty() ? ns + "/" + service : ns + "/" + service + ":" + port;
}

}  // namespace ringway::proxy
