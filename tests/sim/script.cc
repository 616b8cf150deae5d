#include "tests/sim/peers.h"

namespace ringway::sim {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

Script Peers::draw_script(const Manners& manners, bool client) {
  Script script;
  script.bytes = random_.below(random_.chance(0.5) ? 200 : 4000);
  if (random_.chance(manners.large)) {
    script.bytes = random_.below(random_.chance(0.02) ? 1'000'000 : 60'000);
  } else if (random_.chance(manners.silent)) {
    script.bytes = 0;
  }
  script.most_chunk = 1 + script.bytes / (1 + random_.below(8));
  script.most_gap = microseconds(random_.below(2) * random_.below(2000));
  if (random_.chance(manners.pauses)) {
    script.most_gap = milliseconds(random_.below(6000));
    script.most_chunk = 1 + script.bytes / 2;
  }
  script.answers = random_.chance(manners.answers);
  if (random_.chance(manners.slow)) {
    script.most_read = 1 + script.bytes / 8 + random_.below(1000);
    script.most_read_gap = milliseconds(random_.below(20));
  }
  if (random_.chance(manners.stalls)) {
    script.stall_at = random_.below(4000);
    script.stall = random_.chance(0.1) ? random_.between(seconds(5), seconds(60))
                                       : random_.between(milliseconds(1), milliseconds(900));
  }
  script.give_up = random_.between(seconds(8), seconds(90));
  if (random_.chance(manners.resets)) {
    script.ending = Script::Ending::kReset;
    script.end_after = microseconds(random_.below(random_.chance(0.2) ? 3'000'000 : 3000));
  } else if (random_.chance(manners.vanishes)) {
    script.ending = Script::Ending::kVanish;
    script.end_after = microseconds(random_.below(5000));
  } else if (random_.chance(manners.closes)) {
    script.ending = Script::Ending::kClose;
  } else if (!client && random_.chance(manners.fin_last)) {
    // Never both sides: they would wait for each other.
    script.ending = Script::Ending::kFinLast;
  }
  return script;
}

}  // namespace ringway::sim
