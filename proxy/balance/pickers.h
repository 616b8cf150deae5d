#pragma once

#include <memory>

#include "proxy/balance/picker.h"

/// One maker for each algorithm. All know `port.endpoints` and `port.weights` alone; `make_picker` adds the reserves.
namespace ringway::proxy {

/// One after the other, in one order for all workers; by weight in an interleaved order, made beforehand.
std::unique_ptr<const Picker> make_round_robin(const ServicePort& port);

/// The endpoint with the fewest sessions for its weight, over all workers; among equals the next in the order of
/// roundRobin, so that idle endpoints share (nginx's least_conn). Looks at every endpoint.
std::unique_ptr<const Picker> make_least_connections(const ServicePort& port);

/// Each with a probability by its weight.
std::unique_ptr<const Picker> make_random(const ServicePort& port);

/// Of two that are drawn at random, the one with fewer sessions for its weight (Mitzenmacher, The Power of Two Choices
/// in Randomized Load Balancing, 2001).
std::unique_ptr<const Picker> make_power_of_two(const ServicePort& port);

/// Of two that are drawn at random, the one where a session is likely to be answered sooner: latency times sessions,
/// for its weight (Finagle's PeakEwma).
std::unique_ptr<const Picker> make_peak_ewma(const ServicePort& port);

/// By the client's address, so that a client keeps its endpoint and few clients move when one comes or goes (Maglev:
/// A Fast and Reliable Software Network Load Balancer, NSDI 2016, section 3.4).
std::unique_ptr<const Picker> make_source_hash(const ServicePort& port);

/// The first by address until it has `first_limit` sessions, then the next; the least full one where all are (HAProxy's
/// `first`, which lets clients wait instead). Workers that choose at the same moment may fill it by one too many each.
std::unique_ptr<const Picker> make_first(const ServicePort& port);

/// The endpoint that the client was with (`port.affinity`), while it is among `port.endpoints` and the session has not
/// tried it; else what `otherwise` picks, which is remembered.
std::unique_ptr<const Picker> make_affinity(const ServicePort& port, std::unique_ptr<const Picker> otherwise);

}  // namespace ringway::proxy
