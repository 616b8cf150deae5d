#include "proxy/core/answer.h"

namespace ringway::proxy {

Answer answer_of(const ServicePort& port, const SharedVector<std::shared_ptr<const ServicePort>>& ports) {
  bool serves = false;
  bool silent = false;
  const auto count = [&](const ServicePort& one) {
    serves = serves || !one.endpoints.empty();
    silent = silent || one.silent;
  };
  if (port.sni == nullptr || !port.sni->reject) {
    count(port);
  }
  if (port.sni != nullptr) {
    for (const std::uint32_t slot : port.sni->slots) {
      if (slot < ports.size() && ports[slot] != nullptr) {
        count(*ports[slot]);
      }
    }
  }
  if (serves) {
    return Answer::kServes;
  }
  return silent ? Answer::kDrops : Answer::kRefuses;
}

}  // namespace ringway::proxy
