#pragma once

#include <optional>

#include "discovery/candidates.h"

namespace ringway::discovery {

/// The addresses of which two versions of an EndpointSlice say different things; null: there is none, and nothing is
/// said. Nothing where they differ in what holds for all of their endpoints, or where an address is no address.
[[nodiscard]] std::optional<Addresses> changed_addresses(const config::EndpointSlice* before,
                                                         const config::EndpointSlice* after);

/// The same of a workload, for Services whose target ports are numbers. Nothing where it has no address, for it is then
/// behind a Service without being an endpoint.
[[nodiscard]] std::optional<Addresses> changed_addresses(const Workload* before, const Workload* after);

/// All their addresses are of one family, so that each can be judged without the others.
[[nodiscard]] bool of_one_family(std::span<const config::EndpointSlice* const> slices);

}  // namespace ringway::discovery
