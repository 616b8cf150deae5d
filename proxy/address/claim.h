#pragma once

#include <optional>
#include <string_view>

namespace ringway::proxy {

/// A name that one process of a network namespace holds at a time: an abstract unix socket, which the kernel keeps
/// apart by network namespace and takes away with the process, however that ends (unix(7)).
class Claim {
 public:
  /// Nothing where somebody holds it. `name` has at most 100 bytes.
  static std::optional<Claim> take(std::string_view name);

  Claim(Claim&& other) noexcept;
  Claim& operator=(Claim&& other) noexcept;
  ~Claim();

 private:
  explicit Claim(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace ringway::proxy
