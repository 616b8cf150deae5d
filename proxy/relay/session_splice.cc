#include <algorithm>
#include <cerrno>

#include "proxy/relay/session_table.h"

// A direction that streams goes through a pipe inside the kernel, and is not copied.
namespace ringway::proxy {
namespace {

/// A direction that fills so many buffers in a row is a stream: from there on a splice costs less than two copies.
constexpr std::uint8_t kStreamReads = 4;

/// A wake that brought less than this is worth no pipe; after so many in a row the direction copies again.
constexpr std::uint32_t kSmallWake_bytes = 16'384;
constexpr std::uint8_t kSmallWakes = 4;

constexpr Operation splice_from(Side side) {
  return side == Side::kClient ? Operation::kSpliceFromClient : Operation::kSpliceFromUpstream;
}

}  // namespace

void Session::note_read(Relay& relay, bool full) {
  relay.full_reads = full ? static_cast<std::uint8_t>(relay.full_reads + 1) : std::uint8_t{0};
  if (relay.full_reads == kStreamReads && state_ == State::kEstablished) {
    relay.splicing = true;
    relay.small_wakes = 0;
  }
}

void Session::await(Side source, Readiness what) {
  ++in_flight_;
  table_->shared_.ring.await(fd(what == Readiness::kReadable ? source : other(source)), what,
                             token(splice_from(source)));
}

void Session::stream(Side source) {
  table_->streams_.push_back({.slot = slot_, .generation = generation_, .source = source});
}

std::uint64_t Session::on_stream(Side source, std::uint32_t limit) {
  const std::uint64_t before = from(source).bytes;
  if (state_ == State::kEstablished || state_ == State::kClosing) {
    if (from(source).broken) {
      stop_splicing(source, true);
    } else {
      splice(source, limit);
    }
  }
  const std::uint64_t moved = from(source).bytes - before;
  settle();
  return moved;
}

void Session::stop_splicing(Side source, bool later) {
  Relay& relay = from(source);
  relay.splicing = false;
  relay.full_reads = 0;
  if (!relay.ended) {
    receive(source, later);
  }
}

/// One pipe's worth at the most. All data of the copy path has gone before; what is in the pipe goes first.
void Session::splice(Side source, std::uint32_t limit) {
  Relay& relay = from(source);
  if (!relay.pipe.none() && !empty_pipe(source)) {
    return;
  }
  if (state_ == State::kClosing) {
    // What comes from now on is dropped, so it need not be spliced.
    stop_splicing(source, true);
    on_flushed(source);
    return;
  }
  if (limited_) {
    if (pauses(source)) {
      return;
    }
    limit = std::min(limit, bandwidth_allowance(source));
  }
  const std::uint32_t filled = fill_pipe(source, limit);
  const std::uint32_t wanted = std::min(limit, relay.pipe.capacity);
  if (filled == 0 || !empty_pipe(source)) {
    return;
  }
  if (filled >= wanted / 2) {
    // That has hardly emptied the socket.
    stream(source);
    return;
  }
  relay.small_wakes = filled < kSmallWake_bytes ? static_cast<std::uint8_t>(relay.small_wakes + 1) : std::uint8_t{0};
  if (relay.small_wakes == kSmallWakes) {
    stop_splicing(source, true);
  } else {
    await(source, Readiness::kReadable);
  }
}

/// 0 where nothing came: then no pipe is held, and how the direction goes on is seen to.
std::uint32_t Session::fill_pipe(Side source, std::uint32_t limit) {
  Ring& ring = table_->shared_.ring;
  Relay& relay = from(source);
  if (!ring.take_pipe(relay.pipe)) {
    stop_splicing(source, false);
    return 0;
  }
  const std::int32_t result = ring.fill(relay.pipe, fd(source), std::min(limit, relay.pipe.capacity));
  if (result > 0) {
    if (limited_) {
      take_bandwidth(source, static_cast<std::uint32_t>(result));
    }
    return static_cast<std::uint32_t>(result);
  }
  ring.return_pipe(relay.pipe);
  if (result == -EAGAIN) {
    await(source, Readiness::kReadable);
  } else if (result == kAtUrgentMark) {
    stop_splicing(source, false);
  } else {
    on_end(source, result);
  }
  return 0;
}

/// True when it is empty and given back. Otherwise its data waits for room, or the destination has failed.
bool Session::empty_pipe(Side source) {
  Ring& ring = table_->shared_.ring;
  Relay& relay = from(source);
  while (relay.pipe.held > 0) {
    const std::int32_t result = ring.drain(relay.pipe, fd(other(source)));
    if (result == -EAGAIN) {
      await(source, Readiness::kWritable);
      return false;
    }
    if (result < 0) {
      side_failed(other(source));
      if (state_ == State::kClosing) {
        stop_splicing(source, true);
      }
      return false;
    }
    passed_on(source, static_cast<std::uint32_t>(result), table_->shared_.counters.relay_splice_bytes);
  }
  ring.return_pipe(relay.pipe);
  return true;
}

}  // namespace ringway::proxy
