#include "proxy/balance/choose.h"

#include <algorithm>

namespace ringway::proxy {

bool was_tried(const EndpointState* endpoint, const PickContext& context) {
  return std::ranges::find(context.tried, endpoint) != context.tried.end();
}

EndpointState* first_untried(Endpoints endpoints, std::size_t start, const PickContext& context) {
  const std::size_t count = endpoints.size();
  for (std::size_t step = 0; step < count; ++step) {
    EndpointState* endpoint = endpoints[(start + step) % count].get();
    if (!was_tried(endpoint, context)) {
      return endpoint;
    }
  }
  return nullptr;
}

EndpointState* any_untried(Endpoints endpoints, const PickContext& context) {
  const auto untried = static_cast<std::size_t>(
      std::ranges::count_if(endpoints, [&](const auto& endpoint) { return !was_tried(endpoint.get(), context); }));
  if (untried == 0) {
    return nullptr;
  }
  std::size_t skip = context.random % untried;
  for (const auto& endpoint : endpoints) {
    if (!was_tried(endpoint.get(), context) && skip-- == 0) {
      return endpoint.get();
    }
  }
  return nullptr;
}

}  // namespace ringway::proxy
