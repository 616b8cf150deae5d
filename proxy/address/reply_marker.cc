#include "proxy/address/reply_marker.h"

#include <string>

#ifdef RINGWAY_NFTABLES
#include <nftables/libnftables.h>

#include <memory>
#endif

namespace ringway::proxy {
namespace {

const std::string kTable = "table inet ringway_transparent";
/// Removes it also where it was not there, which `delete` alone takes for an error.
const std::string kRemove = "add " + kTable + "\ndelete " + kTable + "\n";

#ifdef RINGWAY_NFTABLES
/// All of `commands` or none. The error is nft's own.
Result<void> run(const std::string& commands) {
  const std::unique_ptr<nft_ctx, decltype(&nft_ctx_free)> context(nft_ctx_new(NFT_CTX_DEFAULT), &nft_ctx_free);
  if (context == nullptr) {
    return failure(ErrorCode::kUnavailable, "no memory for nftables");
  }
  nft_ctx_buffer_error(context.get());
  if (nft_run_cmd_from_buffer(context.get(), commands.c_str()) == 0) {
    return {};
  }
  const std::string text = nft_ctx_get_error_buffer(context.get());
  return failure(ErrorCode::kUnsupported, "nftables: " + text.substr(0, text.find('\n')));
}
#else
Result<void> run(const std::string& /*commands*/) {
  return failure(ErrorCode::kUnsupported, "this build has no libnftables");
}
#endif

}  // namespace

bool ReplyMarker::built_in() {
#ifdef RINGWAY_NFTABLES
  return true;
#else
  return false;
#endif
}

Result<void> ReplyMarker::add(std::uint32_t mark) {
  return run(kRemove + kTable +
             " {\n"
             "  chain replies {\n"
             "    type filter hook prerouting priority mangle; policy accept;\n"
             "    meta l4proto tcp socket transparent 1 meta mark set meta mark | " +
             std::to_string(mark) + "\n  }\n}\n");
}

void ReplyMarker::remove() {
  static_cast<void>(run(kRemove));
}

}  // namespace ringway::proxy
