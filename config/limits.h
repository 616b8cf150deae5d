#pragma once

#include <cstddef>

/// What a configuration may cost before it is refused. All are far above what a node needs.
namespace ringway::config {

/// One file. `kubectl get svc,pods,endpointslices -A -o yaml` of 5,000 Pods has about 40 MiB.
inline constexpr std::size_t kMaxFileBytes = std::size_t{64} << 20;
/// All files of one load together.
inline constexpr std::size_t kMaxTotalBytes = std::size_t{512} << 20;
inline constexpr std::size_t kMaxFiles = 10'000;
/// Mappings and lists inside each other. Kubernetes' own kinds stay below 20 but for schemas of other kinds.
inline constexpr std::size_t kMaxDepth = 64;
/// Values of one document, each use of an alias counted in full. About 72 bytes each.
inline constexpr std::size_t kMaxValues = 4'000'000;
/// Text that the YAML scanner may hold back for one value: it reads a flow collection (`[…]`, `{…}`) at the start of a
/// line to its end before it tells of its first entry, at up to 230 bytes of memory for each byte. JSON is read
/// otherwise.
inline constexpr std::size_t kMaxYamlLookahead = std::size_t{2} << 20;
/// Networks in one list of a policy.
inline constexpr std::size_t kMaxNetworks = 100'000;
/// Mistakes that are told one by one.
inline constexpr std::size_t kMaxMistakes = 1'000;

}  // namespace ringway::config
