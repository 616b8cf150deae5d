#include "proxy/core/shared_text.h"

#include <algorithm>
#include <new>

namespace ringway::proxy {

SharedText::SharedText(std::string_view text) {
  if (!text.empty()) {
    kept_ = new (::operator new(sizeof(Kept) + text.size())) Kept{.size = static_cast<std::uint32_t>(text.size())};
    std::ranges::copy(text, reinterpret_cast<char*>(kept_ + 1));
  }
}

std::string_view SharedText::view() const {
  return kept_ == nullptr ? std::string_view()
                          : std::string_view(reinterpret_cast<const char*>(kept_ + 1), kept_->size);
}

void SharedText::release() {
  if (kept_ != nullptr && kept_->holders.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    kept_->~Kept();
    ::operator delete(kept_);
  }
}

}  // namespace ringway::proxy
