#include <cerrno>

#include <algorithm>

#include "proxy/ring/simulated/simulated_ring.h"

// The life of an operation: asked, started, done, told.
namespace ringway::proxy::simulated {

void SimulatedRing::ask(Kind kind, int fd, Token token, std::span<const std::byte> bytes) {
  constexpr const char* kNames[] = {"accept", "connect",        "receive",       "send",
                                    "watch",  "await readable", "await writable"};
  Descriptor* const file = files_.find(fd);
  if (file == nullptr || file->closing || file->kind == Descriptor::Kind::kPipe) {
    violation(kNoEnd, "an operation on a file that is closed");
    return;
  }
  const EndId end = file->kind == Descriptor::Kind::kStream ? file->target : kNoEnd;
  const bool writes = kind == Kind::kConnect || kind == Kind::kSend || kind == Kind::kAwaitWritable;
  std::uint32_t& slot = file->operation(writes ? Readiness::kWritable : Readiness::kReadable);
  if (slot != kNoOperation) {
    violation(end, "two operations for one way of a file");
    return;
  }
  if (free_operations_.empty()) {
    free_operations_.push_back(static_cast<std::uint32_t>(operations_.size()));
    operations_.emplace_back();
  }
  slot = free_operations_.back();
  free_operations_.pop_back();
  operations_[slot] = {.kind = kind, .fd = fd, .end = end, .token = token, .bytes = bytes};
  if (kind == Kind::kSend) {
    if (const auto buffer = buffers_.holder(bytes)) {
      operations_[slot].buffer = *buffer;
      buffers_.begin_send(*buffer);
    } else {
      violation(end, "what is sent does not lie in a buffer that is held");
    }
  }
  submissions_.push_back({Submission::What::kStart, slot});
  trace_.add(now_, kNames[static_cast<std::size_t>(kind)], fd, end, token, static_cast<std::int64_t>(bytes.size()));
  if (end != kNoEnd && kind != Kind::kConnect) {
    observer_.on_asked(end, token);
  }
}

void SimulatedRing::submit() {
  for (std::size_t at = 0; at < submissions_.size(); ++at) {
    const Submission submission = submissions_[at];
    switch (submission.what) {
      case Submission::What::kStart:
        start(submission.subject);
        break;
      case Submission::What::kCancel:
        if (Descriptor* const file = files_.find(static_cast<int>(submission.subject)); file != nullptr) {
          const std::array<std::uint32_t, 2> operations = file->operations;
          for (const std::uint32_t operation : operations) {
            if (operation != kNoOperation) {
              cancel_operation(operation);
            }
          }
        }
        break;
      case Submission::What::kClose:
        close_now(static_cast<int>(submission.subject));
    }
  }
  submissions_.clear();
}

void SimulatedRing::start(std::uint32_t index) {
  Operation& operation = operations_[index];
  if (operation.kind == Kind::kReceive && buffers_.exhausted()) {
    operation.state = State::kStarved;
    starved_.push_back(index);
    return;
  }
  operation.state = State::kWaiting;
  look(index);
}

void SimulatedRing::start_starved() {
  while (!starved_.empty() && !buffers_.exhausted()) {
    const std::uint32_t index = starved_.front();
    starved_.pop_front();
    short_of_buffers_at_ = timeline_.now();
    operations_[index].state = State::kWaiting;
    look(index);
  }
}

void SimulatedRing::cancel_operation(std::uint32_t index) {
  Operation& operation = operations_[index];
  operation.cancelled = true;
  switch (operation.state) {
    case State::kStarved:
      std::erase(starved_, index);
      short_of_buffers_at_ = timeline_.now();
      tell(index, -ECANCELED);
      break;
    case State::kWaiting:
      operation.state = State::kStarting;
      timeline_.after(
          random_.chance(faults_.late_completion) ? random_.between(Duration(), faults_.most_late) : Duration(), *this,
          kDo, index);
      break;
    case State::kAsked:
    case State::kStarting:
    case State::kDone:
      break;
  }
}

void SimulatedRing::changed(EndId end) {
  const int fd = end < fd_of_end_.size() ? fd_of_end_[end] : -1;
  Descriptor* const file = files_.find(fd);
  if (file == nullptr) {
    return;
  }
  const std::array<std::uint32_t, 2> operations = file->operations;
  for (const std::uint32_t operation : operations) {
    if (operation != kNoOperation) {
      look(operation);
    }
  }
}

void SimulatedRing::listener_changed(ListenerId listener) {
  Descriptor* const file = files_.find(fd_of_listener_[listener]);
  if (const auto operation = file->operation(Readiness::kReadable); operation != kNoOperation) {
    look(operation);
  }
}

bool SimulatedRing::ready(const Operation& operation) const {
  switch (operation.kind) {
    case Kind::kAccept: {
      const ListenerId listener = files_.find(operation.fd)->target;
      return network_.has_backlog(listener) || !network_.listening(listener);
    }
    case Kind::kConnect:
      return network_.connect_ended(operation.end);
    case Kind::kReceive:
    case Kind::kWatch:
    case Kind::kAwaitReadable:
      return network_.readable(operation.end);
    case Kind::kSend:
    case Kind::kAwaitWritable:
      return network_.writable(operation.end);
  }
  return false;
}

/// Does what can be done now, or a little later.
void SimulatedRing::look(std::uint32_t index) {
  Operation& operation = operations_[index];
  if (operation.state != State::kWaiting) {
    return;
  }
  const bool groundless = (operation.kind == Kind::kAwaitReadable || operation.kind == Kind::kAwaitWritable) &&
                          random_.chance(faults_.groundless_await);
  const bool refused_room =
      operation.kind == Kind::kSend && network_.room(operation.end) == 0 && random_.chance(faults_.send_again);
  if (!groundless && !refused_room && !ready(operation)) {
    return;
  }
  if (groundless) {
    tell(index, 0);
  } else if (random_.chance(faults_.delayed_start)) {
    operation.state = State::kStarting;
    timeline_.after(random_.between(Duration(), faults_.most_late), *this, kDo, index);
  } else {
    perform(index);
  }
}

void SimulatedRing::perform(std::uint32_t index) {
  Operation& operation = operations_[index];
  const bool is_ready = ready(operation);
  if (operation.cancelled && !(is_ready && random_.chance(faults_.success_despite_cancel))) {
    tell(index, -ECANCELED);
    return;
  }
  operation.state = State::kWaiting;
  switch (operation.kind) {
    case Kind::kAccept:
      perform_accept(index);
      break;
    case Kind::kConnect: {
      End& end = network_.at(operation.end);
      if (end.error == ECONNREFUSED && random_.chance(faults_.masked_refusal)) {
        tell(index, -ECONNRESET);
      } else {
        tell(index, -std::exchange(end.error, 0));
      }
      break;
    }
    case Kind::kReceive:
      perform_receive(index);
      break;
    case Kind::kSend:
      perform_send(index);
      break;
    case Kind::kWatch:
      tell(index, 0, !operation.cancelled && !random_.chance(faults_.end_multishot));
      break;
    case Kind::kAwaitReadable:
    case Kind::kAwaitWritable:
      if (is_ready) {
        tell(index, 0);
      }
  }
}

void SimulatedRing::perform_accept(std::uint32_t index) {
  const int listening_fd = operations_[index].fd;
  const ListenerId listener = files_.find(listening_fd)->target;
  while (network_.has_backlog(listener)) {
    if (random_.chance(faults_.no_file)) {
      tell(index, random_.chance(0.5) ? -EMFILE : -ENFILE);
      return;
    }
    if (random_.chance(faults_.end_multishot * 0.5)) {
      tell(index, -ECONNABORTED);
      return;
    }
    const int fd = files_.open(Descriptor::Kind::kStream, kNoEnd);
    if (fd < 0) {
      tell(index, -EMFILE);
      return;
    }
    quiet_turns_ = 0;
    const EndId end = network_.accept(listener, *this);
    files_.find(fd)->target = end;
    fd_of_end_.resize(std::max<std::size_t>(fd_of_end_.size(), end + 1), -1);
    fd_of_end_[end] = fd;
    if (operations_[index].once || operations_[index].cancelled || random_.chance(faults_.end_multishot)) {
      tell(index, fd);
      return;
    }
    tell(index, fd, true);
  }
  if (!network_.listening(listener)) {
    tell(index, -EINVAL);
  }
}

void SimulatedRing::perform_receive(std::uint32_t index) {
  const EndId end = operations_[index].end;
  network_.at(end).at_urgent_mark = false;
  if (network_.other(end).arrived == 0) {
    if (const std::int32_t result = network_.read(end, {}); result != -EAGAIN) {
      tell(index, result);
    }
    return;
  }
  if (offered_ == 0 || buffers_.exhausted() || random_.chance(faults_.no_buffer)) {
    short_of_buffers_at_ = timeline_.now();
    tell(index, -ENOBUFS);
    return;
  }
  --offered_;
  const std::uint32_t id = buffers_.take(end);
  std::span<std::byte> into = buffers_.at(id);
  if (random_.chance(faults_.short_receive)) {
    into = into.first(1 + random_.below(static_cast<std::uint32_t>(into.size())));
  }
  const auto size = static_cast<std::uint32_t>(network_.read(end, into));
  tell(index, static_cast<std::int32_t>(size), false, {.id = id, .size = size, .full = size == limits_.buffer_bytes});
}

void SimulatedRing::perform_send(std::uint32_t index) {
  const Operation operation = operations_[index];
  std::span<const std::byte> bytes = operation.bytes;
  if (bytes.size() > 1 && random_.chance(faults_.short_send)) {
    bytes = bytes.first(1 + random_.below(static_cast<std::uint32_t>(bytes.size())));
  }
  const std::int32_t result = network_.write(operation.end, bytes);
  if (result > 0) {
    sent(operation.end, bytes.first(static_cast<std::size_t>(result)));
  }
  if (result != -EAGAIN || random_.chance(faults_.send_again)) {
    tell(index, result);
  }
}

void SimulatedRing::sent(EndId end, std::span<const std::byte> bytes) {
  observer_.on_sent(end, network_.at(end).written_total - bytes.size(), bytes);
}

void SimulatedRing::tell(std::uint32_t index, std::int32_t result, bool more, const Buffer& buffer) {
  Operation& operation = operations_[index];
  if (!more) {
    operation.state = State::kDone;
  }
  const Told told{index, {.token = operation.token, .result = result, .more = more, .buffer = buffer}};
  const bool late = random_.chance(faults_.late_completion);
  const Time when =
      std::max(timeline_.now() + (late ? random_.between(Duration(), faults_.most_late) : Duration()), operation.told);
  operation.told = when;
  if (when > timeline_.now()) {
    if (free_told_.empty()) {
      free_told_.push_back(static_cast<std::uint32_t>(told_.size()));
      told_.emplace_back();
    }
    const std::uint32_t place = free_told_.back();
    free_told_.pop_back();
    told_[place] = told;
    timeline_.at(when, *this, kTell, place);
    return;
  }
  due_.push_back(told);
  if (due_.size() > 1 && random_.chance(faults_.reorder)) {
    Told& overtaken = due_[random_.below(static_cast<std::uint32_t>(due_.size()))];
    // Those of one operation stay in order: only an accept has several.
    if (operations_[overtaken.operation].kind != Kind::kAccept && operation.kind != Kind::kAccept) {
      std::swap(overtaken, due_.back());
    }
  }
}

}  // namespace ringway::proxy::simulated
