#include "proxy/steer/steering.h"

#include "proxy/steer/maps.h"

#ifdef RINGWAY_STEER

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <steer.skel.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

namespace ringway::proxy {
namespace {

constexpr std::uint8_t kIpBits = 128;
constexpr std::uint8_t kMappedBits = 96;  ///< of ::ffff:0:0
constexpr std::uint32_t kPortBits = 32;   ///< port and protocol, which stand before the address

std::uint8_t value_of(Steered kind) {
  return kind == Steered::kServed ? RINGWAY_STEER_SERVED : RINGWAY_STEER_SILENT;
}

SteeredAddress key_of(Protocol protocol, const IpAddress& ip, std::uint16_t port) {
  SteeredAddress key{};
  key.port = port;
  key.protocol = protocol == Protocol::kTcp ? IPPROTO_TCP : IPPROTO_UDP;
  if (ip.is_v6()) {
    std::memcpy(&key.ip, ip.bytes(), ip.size());
  } else {
    key.ip[2] = RINGWAY_STEER_MAPPED_V4;
    std::memcpy(&key.ip[3], ip.bytes(), ip.size());
  }
  return key;
}

SteeredPrefix key_of(Protocol protocol, const Prefix& prefix, std::uint16_t port) {
  const std::uint32_t bits = prefix.length + (prefix.ip.is_v6() ? 0 : kMappedBits);
  return {.length = kPortBits + std::min<std::uint32_t>(bits, kIpBits), .address = key_of(protocol, prefix.ip, port)};
}

Error refusal(int errno_value, const char* doing) {
  Error error = system_error(errno_value, std::string(doing) + " the eBPF program that steers");
  switch (errno_value) {
    case EPERM:
    case EACCES:
      error.context +=
          ": that needs CAP_BPF and CAP_NET_ADMIN (run as root, or setcap cap_bpf,cap_net_admin+ep), and a seccomp "
          "profile that lets bpf(2) through";
      break;
    case EINVAL:
    case ENOSYS:
      error.context += ": that needs Linux 5.9 with CONFIG_BPF_SYSCALL";
      break;
    default:
      break;
  }
  return error;
}

int option_of(int fd, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  getsockopt(fd, SOL_SOCKET, option, &value, &length);
  return value;
}

class SkLookup final : public Steering {
 public:
  explicit SkLookup(steer_program* program) : program_(program) {}
  ~SkLookup() override {
    bpf_link__destroy(link_);
    steer_program::destroy(program_);
    close(namespace_);
  }

  Result<void> attach() {
    if (const int failed = steer_program::load(program_); failed != 0) {
      return std::unexpected(refusal(-failed, "loading"));
    }
    namespace_ = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    others_first_ = count_attached() > 0;
    link_ = bpf_program__attach_netns(program_->progs.ringway_steer, namespace_);
    if (link_ == nullptr) {
      return std::unexpected(refusal(errno, "attaching"));
    }
    return {};
  }

  Result<void> serve_by(int fd, Steered kind) override {
    const std::uint32_t place =
        RINGWAY_STEER_SOCKET(value_of(kind), option_of(fd, SO_PROTOCOL) == IPPROTO_UDP ? 1U : 0U,
                             option_of(fd, SO_DOMAIN) == AF_INET6 ? 1U : 0U);
    const auto value = static_cast<std::uint64_t>(fd);
    if (bpf_map_update_elem(bpf_map__fd(program_->maps.sockets), &place, &value, BPF_ANY) != 0) {
      return std::unexpected(refusal(errno, "giving a socket to"));
    }
    return {};
  }

  Result<void> add(Protocol protocol, std::span<const SocketAddress> addresses, Steered kind) override {
    const std::uint8_t value = value_of(kind);
    const int map = bpf_map__fd(program_->maps.addresses);
    for (const SocketAddress& address : addresses) {
      const auto key = key_of(protocol, address.ip(), address.port());
      if (bpf_map_update_elem(map, &key, &value, BPF_ANY) != 0) {
        return std::unexpected(no_room(errno, address.to_string()));
      }
    }
    return {};
  }

  void remove(Protocol protocol, std::span<const SocketAddress> addresses) override {
    const int map = bpf_map__fd(program_->maps.addresses);
    for (const SocketAddress& address : addresses) {
      const auto key = key_of(protocol, address.ip(), address.port());
      bpf_map_delete_elem(map, &key);
    }
  }

  Result<void> add(Protocol protocol, const Prefix& prefix, std::uint16_t port) override {
    const std::uint8_t value = RINGWAY_STEER_SERVED;
    const auto key = key_of(protocol, prefix, port);
    if (bpf_map_update_elem(bpf_map__fd(program_->maps.prefixes), &key, &value, BPF_ANY) != 0) {
      return std::unexpected(no_room(errno, prefix.ip.to_string() + "/" + std::to_string(prefix.length)));
    }
    return {};
  }

  void remove(Protocol protocol, const Prefix& prefix, std::uint16_t port) override {
    const auto key = key_of(protocol, prefix, port);
    bpf_map_delete_elem(bpf_map__fd(program_->maps.prefixes), &key);
  }

  [[nodiscard]] bool others_first() const override { return others_first_; }

 private:
  [[nodiscard]] std::uint32_t count_attached() const {
    std::array<std::uint32_t, 64> ids{};
    auto count = static_cast<std::uint32_t>(ids.size());
    return bpf_prog_query(namespace_, BPF_SK_LOOKUP, 0, nullptr, ids.data(), &count) == 0 ? count : 0;
  }

  static Error no_room(int errno_value, const std::string& what) {
    if (errno_value == E2BIG || errno_value == ENOSPC) {
      return {ErrorCode::kExhausted, "steering " + what + ": no more than " + std::to_string(kMaxSteered) +
                                         " addresses can be steered at once"};
    }
    return system_error(errno_value, "steering " + what);
  }

  steer_program* program_;
  bpf_link* link_ = nullptr;
  int namespace_ = -1;
  bool others_first_ = false;
};

}  // namespace

const std::size_t kMaxSteered = RINGWAY_STEER_ADDRESSES;

bool steering_built_in() {
  return true;
}

Result<void> can_steer() {
  libbpf_set_print(nullptr);
  steer_program* program = steer_program::open();
  if (program == nullptr) {
    return std::unexpected(refusal(errno, "opening"));
  }
  bpf_map__set_max_entries(program->maps.addresses, 1);
  const int failed = steer_program::load(program);
  steer_program::destroy(program);
  return failed == 0 ? Result<void>() : std::unexpected(refusal(-failed, "loading"));
}

Result<std::unique_ptr<Steering>> Steering::open() {
  // What goes wrong stands in the error; libbpf would tell it on standard error once more.
  libbpf_set_print(nullptr);
  steer_program* program = steer_program::open();
  if (program == nullptr) {
    return std::unexpected(refusal(errno, "opening"));
  }
  auto steering = std::make_unique<SkLookup>(program);
  if (auto attached = steering->attach(); !attached) {
    return std::unexpected(std::move(attached.error()));
  }
  return steering;
}

}  // namespace ringway::proxy

#else

namespace ringway::proxy {

const std::size_t kMaxSteered = RINGWAY_STEER_ADDRESSES;

bool steering_built_in() {
  return false;
}

Result<void> can_steer() {
  return failure(ErrorCode::kUnsupported, "this binary was built without it (RINGWAY_STEER=OFF)");
}

Result<std::unique_ptr<Steering>> Steering::open() {
  return std::unexpected(can_steer().error());
}

}  // namespace ringway::proxy

#endif
