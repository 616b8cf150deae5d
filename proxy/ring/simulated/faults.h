#pragma once

#include <cstdint>

#include "proxy/core/clock.h"

namespace ringway::proxy::simulated {

/// How the network of a simulation behaves.
struct Weather {
  Duration least_latency = std::chrono::microseconds(5);
  Duration most_latency = std::chrono::microseconds(50);
  std::uint32_t segment_bytes = 16'384;     ///< at most so many arrive at once
  std::uint32_t least_socket_bytes = 4096;  ///< of a socket's two buffers
  std::uint32_t most_socket_bytes = 65'536;
  double lost_before_reset = 0;  ///< what is under way is lost when RST follows it
};

/// What the kernel does to the ring of a simulation that it may do to a real one; each a probability for one occasion.
struct Faults {
  double short_receive = 0;
  double short_send = 0;
  double send_again = 0;       ///< a send that finds no room reports -EAGAIN and does not wait
  double no_buffer = 0;        ///< a receive that finds data reports -ENOBUFS
  double end_multishot = 0;    ///< an operation that goes on ends, with or without an error
  double delayed_start = 0;    ///< what could be done at once is done later, and a cancel may come first
  double late_completion = 0;  ///< what was done is told later
  Duration most_late = std::chrono::microseconds(100);
  double success_despite_cancel = 0;  ///< what could still be done is done although it was cancelled
  double groundless_await = 0;        ///< an `await` completes without cause
  double groundless_again = 0;        ///< `fill` and `drain` report -EAGAIN although they could move something
  double urgent_mark = 0;             ///< `fill` stands at the mark of urgent data, until something is received
  double masked_refusal = 0;          ///< a connect that is refused says -ECONNRESET, and SO_ERROR the truth
  double no_file = 0;                 ///< -EMFILE or -ENFILE though there are files
  double port_taken = 0;              ///< a port that is asked for is somebody else's
  double reorder = 0;                 ///< a completion overtakes one of another operation
  double early_return = 0;            ///< a wait ends without anything
  Duration most_turn_cost = std::chrono::microseconds(5);  ///< time that a turn takes, so that several events meet
};

}  // namespace ringway::proxy::simulated
