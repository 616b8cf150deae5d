#include "bench/soak/kinds.h"

namespace ringway::soak {
namespace {

constexpr std::uint64_t kMiB = 1UL << 20;

const Target& choose(Kind kind, const std::vector<Target>& targets, Random& random) {
  const auto fits = [&](const Target& target) {
    return target.uploads == (kind == Kind::kUpload) &&
           (target.uploads || target.steady || kTraits[static_cast<std::size_t>(kind)].anywhere);
  };
  for (;;) {
    if (const Target& target = targets[random.between(0, targets.size() - 1)]; fits(target)) {
      return target;
    }
  }
}

}  // namespace

Script draw(Kind kind, const std::vector<Target>& targets, Random& random) {
  const Target& target = choose(kind, targets, random);
  Script script{.service = target.name, .to = target.vip, .seed = random.next()};
  switch (kind) {
    case Kind::kPingPong:
      script.rounds = static_cast<std::uint32_t>(random.between(20, 400));
      script.round_bytes = random.between(1, 2'048);
      script.think = random.between_ms(0, 20);
      break;
    case Kind::kStream:
      script.round_bytes = random.between(1, 24) * kMiB + random.between(0, 4'096);
      break;
    case Kind::kUpload:
      script.upload = true;
      script.round_bytes = random.between(64, 16 * kMiB);
      break;
    case Kind::kShort:
      script.round_bytes = random.between(1, 4'096);
      script.think = random.one_in(3) ? random.between_ms(1, 30) : milliseconds(0);
      break;
    case Kind::kIdle:
      script.rounds = 2;
      script.think = random.between_ms(3'000, 20'000);
      break;
    case Kind::kHalfClose:
      script.fin_at_once = true;
      script.round_bytes = random.between(1, random.one_in(2) ? 16'384 : 3 * kMiB);
      script.think = random.between_ms(0, 50);
      break;
    case Kind::kReset:
      script.round_bytes = random.between(1, random.one_in(2) ? 8'192 : 8 * kMiB);
      script.reset_at = random.between(1, script.round_bytes);
      script.think = random.between_ms(0, 100);
      break;
    case Kind::kStall:
      script.round_bytes = random.between(1, 12) * kMiB;
      script.stall_at = random.between(1, script.round_bytes / 2);
      script.stall = random.between_ms(200, 6'000);
      break;
    case Kind::kMute:
    case Kind::kFlood:
      script.rounds = 0;
      script.think = kind == Kind::kFlood ? random.between_ms(200, 600) : random.between_ms(50, 10'000);
      script.reset_at = random.one_in(4) ? 1 : 0;
      break;
    case Kind::kCount:
      break;
  }
  return script;
}

}  // namespace ringway::soak
