#include "proxy/ring/simulated/simulated_ring.h"

#include <algorithm>

// Turns: what was asked for starts, time passes, completions are handed over.
namespace ringway::proxy::simulated {
namespace {

/// So many turns one after the other in which no byte moved, no peer did anything and no deadline came: somebody asks
/// again and again for what completes without cause. A fault that repeats is many times rarer.
constexpr std::uint32_t kMostQuietTurns = 300;

}  // namespace

SimulatedRing::SimulatedRing(Timeline& timeline, Network& network, Observer& observer, Trace& trace,
                             const RingLimits& limits, const Faults& faults, std::uint64_t seed)
    : timeline_(timeline),
      network_(network),
      observer_(observer),
      trace_(trace),
      limits_(limits),
      faults_(faults),
      random_(seed),
      files_(limits.files),
      buffers_(limits.buffer_count, limits.buffer_bytes),
      offered_(limits.offered_buffers),
      now_(timeline.now()) {}

void SimulatedRing::act(std::uint32_t what, std::uint32_t subject) {
  ++own_events_;
  if (what == kDo) {
    perform(subject);
    return;
  }
  due_.push_back(told_[subject]);
  free_told_.push_back(subject);
}

void SimulatedRing::run_once(Time deadline, CompletionHandler& handler) {
  for (const PipeState& pipe : pipes_) {
    if (pipe.read_fd >= 0 && pipe.held() == 0) {
      violation(kNoEnd, "a pipe without data is held from one turn to the next");
    }
  }
  submit();
  if (faults_.most_turn_cost > Duration::zero()) {
    timeline_.advance(timeline_.now() + random_.between(Duration::zero(), faults_.most_turn_cost));
  }
  start_starved();
  offered_ = limits_.offered_buffers;
  wait(deadline);
  now_ = timeline_.now();
  hand_over(handler);
}

void SimulatedRing::wait(Time deadline) {
  const Time begun = timeline_.now();
  const std::uint64_t others = timeline_.happened() - own_events_;
  timeline_.advance(begun);
  if (!random_.chance(faults_.early_return)) {
    while (due_.empty() && !woken_ && timeline_.now() < deadline) {
      const Time next = std::min(timeline_.next(), deadline);
      if (next == Time::max()) {
        violation(kNoEnd, "nothing is left that could end the wait");
        return;
      }
      timeline_.advance(next);
    }
  }
  const bool waited_out = timeline_.now() >= deadline && deadline > begun;
  note_turn(!waited_out && timeline_.happened() - own_events_ == others);
}

void SimulatedRing::moved(EndId end) {
  quiet_turns_ = 0;
  observer_.on_moved(end);
}

void SimulatedRing::note_turn(bool quiet) {
  quiet_turns_ = quiet ? quiet_turns_ + 1 : 0;
  if (quiet_turns_ == kMostQuietTurns) {
    violation(kNoEnd, "the data plane turns and turns while nothing happens");
  }
}

void SimulatedRing::hand_over(CompletionHandler& handler) {
  woken_ = false;
  observer_.between_completions();
  batch_.clear();
  batch_.swap(due_);
  for (const Told& told : batch_) {
    const Operation operation = operations_[told.operation];
    if (!told.completion.more) {
      if (operation.buffer != Buffer::kNone) {
        buffers_.end_send(operation.buffer);
      }
      const bool writes =
          operation.kind == Kind::kConnect || operation.kind == Kind::kSend || operation.kind == Kind::kAwaitWritable;
      files_.find(operation.fd)->operation(writes ? Readiness::kWritable : Readiness::kReadable) = kNoOperation;
      free_operations_.push_back(told.operation);
    }
    note_handed_over(operation, told.completion);
    handler.on_completion(told.completion);
    observer_.between_completions();
  }
}

void SimulatedRing::note_handed_over(const Operation& operation, const Completion& completion) {
  constexpr const char* kNames[] = {"accept:", "connect:", "receive:", "send:", "watch:", "readable:", "writable:"};
  EndId end = operation.end;
  if (operation.kind == Kind::kAccept && completion.result >= 0) {
    end = end_of(completion.result);
    observer_.on_accepted(end);
  } else if (operation.kind == Kind::kConnect && network_.at(end).error != ECONNREFUSED &&
             (completion.result == 0 || completion.result == -ECONNRESET || completion.result == -EPIPE)) {
    observer_.on_connected(end);
  } else if ((operation.kind == Kind::kReceive || operation.kind == Kind::kSend) && completion.result > 0) {
    moved(end);
  }
  if (operation.kind == Kind::kReceive && completion.result > 0 && buffers_.held_of(end) > 2) {
    violation(end, "more than two buffers are held for one way");
  }
  trace_.add(now_, kNames[static_cast<std::size_t>(operation.kind)], operation.fd, end, operation.token,
             completion.result);
}

}  // namespace ringway::proxy::simulated
