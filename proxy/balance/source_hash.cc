#include <algorithm>
#include <cstdint>
#include <limits>

#include "proxy/balance/choose.h"
#include "proxy/balance/pickers.h"

namespace ringway::proxy {
namespace {

/// A prime, and far more than there are endpoints (Maglev has 65,537 as its small size): with 500 endpoints two of them
/// differ by about 1 % in their shares.
constexpr std::uint32_t kPlaces = 65'537;

/// Other places that a retry looks at before it takes any endpoint.
constexpr int kOtherPlaces = 16;

/// The same on every machine and in every run: the hash of a client must survive a restart.
std::uint64_t hash_of(const IpAddress& ip, std::uint64_t seed) {
  std::uint64_t hash = scramble(seed ^ ip.size());
  for (std::size_t at = 0; at < ip.size(); at += 4) {
    std::uint64_t word = 0;
    for (std::size_t byte = 0; byte < 4; ++byte) {
      word = (word << 8) | ip.bytes()[at + byte];
    }
    hash = scramble(hash ^ word);
  }
  return hash;
}

/// Where an endpoint looks for places: from one on, always as far as the last time, until it has seen all.
struct Permutation {
  std::uint32_t index;  ///< of the endpoint
  std::uint32_t place;  ///< the next one
  std::uint32_t skip;   ///< coprime with kPlaces, for that is prime
  double weight;        ///< share of the heaviest, 0 to 1
  double due = 0;       ///< turns that it has not taken yet
};

std::vector<Permutation> permutations(const ServicePort& port) {
  const std::uint32_t heaviest =
      port.weights.empty() ? 1 : std::uint32_t{*std::max_element(port.weights.begin(), port.weights.end())};
  std::vector<Permutation> all;
  for (std::uint32_t index = 0; index < port.endpoints.size() && index < kPlaces; ++index) {
    const SocketAddress& address = port.endpoints[index]->address;
    const std::uint64_t hash = hash_of(address.ip(), address.port());
    all.push_back({.index = index,
                   .place = static_cast<std::uint32_t>(hash % kPlaces),
                   .skip = static_cast<std::uint32_t>(scramble(hash) % (kPlaces - 1)) + 1,
                   .weight = static_cast<double>(weight_of(port, index)) / heaviest});
  }
  // Turns go by name, not by who came first, so that all machines agree.
  std::ranges::sort(all, {}, [&port](const Permutation& one) { return port.endpoints[one.index]->address; });
  return all;
}

/// By a table of `Index`, the narrowest type that can number the endpoints and nobody.
template <typename Index>
class SourceHash final : public Picker {
 public:
  static constexpr Index kNobody = std::numeric_limits<Index>::max();

  explicit SourceHash(const ServicePort& port) : port_(port) {
    auto seekers = permutations(port);
    table_.assign(kPlaces, kNobody);
    // Each takes its next free place in turn; a lighter one sits out some of its turns (as Envoy's Maglev does).
    for (std::uint32_t taken = 0; taken < kPlaces;) {
      for (std::size_t turn = 0; turn < seekers.size() && taken < kPlaces; ++turn) {
        Permutation& seeker = seekers[turn];
        seeker.due += seeker.weight;
        if (seeker.due < 1) {
          continue;
        }
        seeker.due -= 1;
        while (table_[seeker.place] != kNobody) {
          seeker.place = (seeker.place + seeker.skip) % kPlaces;
        }
        table_[seeker.place] = static_cast<Index>(seeker.index);
        ++taken;
      }
    }
  }

  [[nodiscard]] bool wants_client() const override { return true; }

  [[nodiscard]] EndpointState* pick(const PickContext& context) const override {
    std::uint64_t hash = hash_of(context.client, 0);
    for (int look = 0; look < kOtherPlaces; ++look, hash = scramble(hash)) {
      EndpointState* endpoint = port_.endpoints[table_[hash % kPlaces]].get();
      if (!was_tried(endpoint, context)) {
        return endpoint;
      }
    }
    return first_untried(port_.endpoints, hash % port_.endpoints.size(), context);
  }

 private:
  const ServicePort& port_;
  std::vector<Index> table_;
};

/// All clients have the one endpoint that there is, or none: no table for that.
class OnlyOne final : public Picker {
 public:
  explicit OnlyOne(const ServicePort& port) : port_(port) {}

  [[nodiscard]] EndpointState* pick(const PickContext& context) const override {
    return first_untried(port_.endpoints, 0, context);
  }

 private:
  const ServicePort& port_;
};

}  // namespace

std::unique_ptr<const Picker> make_source_hash(const ServicePort& port) {
  if (port.endpoints.size() <= 1) {
    return std::make_unique<OnlyOne>(port);
  }
  if (port.endpoints.size() <= SourceHash<std::uint16_t>::kNobody) {
    return std::make_unique<SourceHash<std::uint16_t>>(port);
  }
  return std::make_unique<SourceHash<std::uint32_t>>(port);
}

}  // namespace ringway::proxy
