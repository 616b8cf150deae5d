#include <algorithm>
#include <utility>

#include "discovery/health/check.h"
#include "discovery/health/conversation.h"

namespace ringway::discovery {
namespace {

class TcpConversation final : public Conversation {
 public:
  explicit TcpConversation(const config::HealthCheck& check)
      : send_(check.send), expect_(check.expect), wanted_(bytes_text(check.expect)) {
    if (expect_.empty()) {
      succeed("connected");
    }
  }

  std::string say() override { return std::exchange(send_, {}); }

  [[nodiscard]] Step saying() const override { return {"send", "sending"}; }
  [[nodiscard]] Step hearing() const override { return {"answer", "waiting for " + wanted_}; }

 private:
  void take(std::string_view bytes) override {
    const std::size_t from = answer_.size() - std::min(answer_.size(), expect_.size());
    answer_.append(bytes.substr(0, kMaxProbedBodyBytes - answer_.size()));
    if (answer_.find(expect_, from) != std::string::npos) {
      succeed("answered " + wanted_);
    } else if (answer_.size() == kMaxProbedBodyBytes) {
      fail("answer lacks " + wanted_);
    }
  }

  void take_end() override { fail("closed before " + wanted_ + " came"); }

  std::string send_;
  std::string expect_;
  std::string wanted_;
  std::string answer_;
};

}  // namespace

std::unique_ptr<Conversation> make_tcp_conversation(const config::HealthCheck& check) {
  return std::make_unique<TcpConversation>(check);
}

}  // namespace ringway::discovery
