#include <algorithm>
#include <array>
#include <cerrno>

#include "proxy/relay/session_table.h"

// Where the connection to an upstream comes from: `source` of the policy. A place is a port at an address; where the
// kernel finds the port, an address.
namespace ringway::proxy {
namespace {

/// Places that one attempt tries. Where 19 of 20 are taken, one attempt in 700 finds none.
constexpr std::uint32_t kSourceTries = 128;

std::uint32_t count_of_family(const Source& source, bool v6) {
  return static_cast<std::uint32_t>(std::ranges::count(source.addresses, v6, &IpAddress::is_v6));
}

std::uint32_t port_count(const Source& source) {
  return std::uint32_t{source.last_port} - source.first_port + 1;
}

/// The one with this number among those of the family.
IpAddress nth_of_family(const Source& source, bool v6, std::uint32_t number) {
  IpAddress found;
  for (const IpAddress& address : source.addresses) {
    if (address.is_v6() == v6 && number-- == 0) {
      found = address;
    }
  }
  return found;
}

IpAddress any_address(bool v6) {
  return v6 ? IpAddress::from_bytes(std::array<std::uint8_t, 16>{}) : IpAddress();
}

}  // namespace

bool Session::searches_ports(const Source& source) const {
  return source.first_port != 0 && !table_->shared_.ring.chooses_ports(source.first_port, source.last_port);
}

/// The place of the next try. Addresses take turns; each time all had theirs, the port moves on by one.
NearEnd Session::near_end(const Source& source) const {
  const bool v6 = endpoint_->address.ip().is_v6();
  if (source.transparent) {
    const bool fits = client_.ip().is_v6() == v6;
    return {.address = {fits ? client_.ip() : any_address(v6), 0}, .transparent = fits};
  }
  const std::uint32_t place = source_start_ + source_tries_;
  const std::uint32_t addresses = count_of_family(source, v6);
  const IpAddress ip = addresses > 0 ? nth_of_family(source, v6, place % addresses) : any_address(v6);
  if (searches_ports(source)) {
    const std::uint32_t port = place / std::max<std::uint32_t>(addresses, 1) % port_count(source);
    return {.address = {ip, static_cast<std::uint16_t>(source.first_port + port)}};
  }
  return {.address = {ip, 0}, .first_port = source.first_port, .last_port = source.last_port};
}

/// Binds the upstream's socket to the first place from the next one on that is to be had. False where there is none:
/// the attempt has failed then, and how it goes on is seen to.
bool Session::bind_source(const Source& source) {
  const bool v6 = endpoint_->address.ip().is_v6();
  const std::uint32_t addresses = count_of_family(source, v6);
  const bool unmatched = source.transparent ? client_.ip().is_v6() != v6 : addresses == 0 && !source.addresses.empty();
  if (source_tries_ == 0 && unmatched) {
    counters_->source_unmatched.add();
  }
  const std::uint32_t places =
      std::max<std::uint32_t>(addresses, 1) * (searches_ports(source) ? port_count(source) : 1);
  auto failure = ConnectFailure::kSourcePorts;
  while (source_tries_ < std::min(places, kSourceTries)) {
    const NearEnd near = near_end(source);
    ++source_tries_;
    const int error = table_->shared_.ring.bind(fd(Side::kUpstream), near);
    if (error == 0) {
      return true;
    }
    failure = error == -EADDRINUSE ? failure : ConnectFailure::kSourceAddress;
  }
  connect_failed(failure);
  return false;
}

/// Whether a connect failed for its own end of the connection: two connections to one endpoint cannot share a place,
/// and the kernel finds that out, or that none of its own ports is free, when it connects.
bool Session::source_taken(std::int32_t connect_result) const {
  const ServicePort* port = own_port();
  return connect_result == -EADDRNOTAVAIL && !timed_out_ && port != nullptr && port->source != nullptr;
}

void Session::try_next_source() {
  table_->shared_.ring.close(fd(Side::kUpstream));
  fds_[index(Side::kUpstream)] = -1;
  if (open_upstream() && bind_source(*own_port()->source)) {
    start_connect();
  }
}

}  // namespace ringway::proxy
