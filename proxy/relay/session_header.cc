#include <algorithm>
#include <cerrno>

#include "proxy/relay/session_table.h"

// The PROXY header: read from a client that speaks for another, and written to an upstream that wants one.
namespace ringway::proxy {
std::string Session::id() const {
  const bool told = proxied_ != nullptr && !proxied_->connection.unique_id.empty();
  return told ? proxied_->connection.unique_id : id_.to_string();
}

bool Session::learn_client() {
  if (proxied_ == nullptr && client_.port() == 0) {
    client_ = table_->shared_.ring.peer(fd(Side::kClient));
  }
  return proxied_ != nullptr || client_.port() != 0;
}

void Session::await_header() {
  state_ = State::kAwaitingHeader;
  leave_endpoint();
  proxied_ = std::make_unique<ProxiedClient>();
  table_->timers_.set(slot_, opened_ + policy_.proxy_timeout);
  receive(Side::kClient, false);
}

void Session::on_header(const Completion& completion) {
  Ring& ring = table_->shared_.ring;
  if (completion.result == -ENOBUFS) {
    receive(Side::kClient, false);
    return;
  }
  if (completion.result <= 0) {
    refuse(completion.result == 0 ? Cause::kProxyHeader : Cause::kClientReset);
    return;
  }
  Buffer buffer = completion.buffer;
  std::vector<std::byte>& received = proxied_->received;
  const std::size_t before = received.size();
  const auto bytes = ring.bytes(buffer);
  std::ranges::copy(bytes.first(std::min(bytes.size(), kMaxProxyHeader_bytes - before)), std::back_inserter(received));
  auto header = parse_proxy_header(received);
  if (!header) {
    ring.release(buffer);
    if (header.error() == ProxyHeaderError::kIncomplete && received.size() < kMaxProxyHeader_bytes) {
      receive(Side::kClient, true);
    } else {
      refuse(Cause::kProxyHeader);
    }
    return;
  }
  // What follows in the buffer is the client's, and the first that the upstream gets.
  if (const std::size_t used = header->size - before; used < buffer.size) {
    from(Side::kClient).sending = buffer;
    from(Side::kClient).sent = static_cast<std::uint32_t>(used);
  } else {
    ring.release(buffer);
  }
  received = {};
  proxied_->connection = std::move(header->connection);
  if (!proxied_->connection.local) {
    client_ = proxied_->connection.source;
  }
  table_->timers_.clear(slot_);
  state_ = State::kConnecting;
  if (const ServicePort* port = own_port(); port == nullptr) {
    refuse(Cause::kNoEndpoint);
  } else {
    enter(*port);
  }
}

// A socket that has just been connected takes a header at once; one that does not has failed. Counted nowhere: it is
// not the client's.
void Session::send_header() {
  if (!learn_client()) {
    // What it had said goes to no upstream without a header.
    from(Side::kClient).broken = true;
    side_failed(Side::kClient);
    return;
  }
  ProxiedConnection connection;
  if (proxied_ != nullptr) {
    connection = proxied_->connection;
  } else {
    connection.source = client_;
    connection.destination = virtual_ip_;
  }
  if (routed_ != nullptr && connection.authority.empty()) {
    connection.authority = routed_->server_name;
  }
  if (policy_.proxy_unique_id && connection.unique_id.empty()) {
    connection.unique_id = id();
  }
  const auto header = write_proxy_header(connection, policy_.proxy_send, policy_.proxy_crc32c);
  const std::int32_t sent = table_->shared_.ring.send_now(fd(Side::kUpstream), header);
  if (sent != static_cast<std::int32_t>(header.size())) {
    from(Side::kUpstream).broken = true;
    side_failed(Side::kUpstream);
  }
}

}  // namespace ringway::proxy
