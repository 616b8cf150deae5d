#include <cerrno>

#include <algorithm>
#include <utility>

#include "proxy/ring/simulated/simulated_ring.h"

// What of Ring asks for operations, and what is done at once.
namespace ringway::proxy::simulated {

void SimulatedRing::accept(int fd, Token token, bool once) {
  ask(Kind::kAccept, fd, token);
  Descriptor* const file = files_.find(fd);
  if (file != nullptr && file->operation(Readiness::kReadable) != kNoOperation) {
    operations_[file->operation(Readiness::kReadable)].once = once;
  }
}
void SimulatedRing::receive(int fd, Token token, bool /*later*/) {
  ask(Kind::kReceive, fd, token);
}
void SimulatedRing::send(int fd, std::span<const std::byte> bytes, Token token) {
  ask(Kind::kSend, fd, token, bytes);
}
void SimulatedRing::watch_readable(int fd, Token token) {
  ask(Kind::kWatch, fd, token);
}
void SimulatedRing::await(int fd, Readiness what, Token token) {
  ask(what == Readiness::kReadable ? Kind::kAwaitReadable : Kind::kAwaitWritable, fd, token);
}

void SimulatedRing::connect(int fd, const SocketAddress& to, Token token) {
  ask(Kind::kConnect, fd, token);
  if (const EndId end = end_of(fd); end != kNoEnd) {
    observer_.on_connect(end, to, token);
    if (network_.at(end).bound && random_.chance(faults_.port_taken)) {
      network_.connect_from_taken_place(end, to);
    } else {
      network_.connect(end, to);
    }
  }
}

Descriptor* SimulatedRing::stream(int fd, const char* what) {
  Descriptor* const file = files_.find(fd);
  if (file == nullptr || file->kind != Descriptor::Kind::kStream || file->closing) {
    violation(kNoEnd, std::string(what) + " on what is no open socket");
    return nullptr;
  }
  return file;
}

EndId SimulatedRing::end_of(int fd) const {
  const Descriptor* const file = files_.find(fd);
  return file == nullptr || file->kind != Descriptor::Kind::kStream ? kNoEnd : file->target;
}

bool SimulatedRing::take_pipe(Pipe& pipe) {
  if (!pipe.none()) {
    violation(kNoEnd, "a pipe is taken by who holds one");
  }
  if (pipes_taken_ == limits_.pipe_count || random_.chance(faults_.no_file)) {
    return false;
  }
  auto free = std::ranges::find(pipes_, -1, &PipeState::read_fd);
  if (free == pipes_.end()) {
    free = pipes_.insert(free, PipeState());
  }
  const auto index = static_cast<std::uint32_t>(free - pipes_.begin());
  const int read_fd = files_.open(Descriptor::Kind::kPipe, index);
  if (read_fd < 0) {
    return false;
  }
  const int write_fd = files_.open(Descriptor::Kind::kPipe, index);
  if (write_fd < 0) {
    files_.close(read_fd);
    return false;
  }
  free->read_fd = read_fd;
  pipe = {.read_fd = read_fd, .write_fd = write_fd, .capacity = limits_.pipe_bytes};
  ++pipes_taken_;
  return true;
}

SimulatedRing::PipeState* SimulatedRing::pipe_state(const Pipe& pipe, const char* what) {
  const Descriptor* const file = files_.find(pipe.read_fd);
  if (file == nullptr || file->kind != Descriptor::Kind::kPipe || pipes_[file->target].read_fd != pipe.read_fd ||
      pipes_[file->target].held() != pipe.held) {
    violation(kNoEnd, std::string(what) + " a pipe that is not held");
    return nullptr;
  }
  return &pipes_[file->target];
}

void SimulatedRing::return_pipe(Pipe& pipe) {
  if (PipeState* const state = pipe_state(pipe, "giving back"); state != nullptr) {
    files_.close(pipe.read_fd);
    files_.close(pipe.write_fd);
    state->bytes.clear();
    state->first = 0;
    state->read_fd = -1;
    --pipes_taken_;
  }
  pipe = {};
}

std::int32_t SimulatedRing::fill(Pipe& pipe, int fd, std::uint32_t limit) {
  PipeState* const state = pipe_state(pipe, "filling");
  Descriptor* const file = stream(fd, "filling a pipe");
  if (state == nullptr || file == nullptr) {
    return -EBADF;
  }
  const EndId end = file->target;
  if (state->held() > 0) {
    violation(end, "a pipe is filled that is not empty");
  }
  if (file->operation(Readiness::kReadable) != kNoOperation) {
    violation(end, "a pipe is filled while a receive is in flight");
  }
  if (network_.readable(end) && random_.chance(faults_.groundless_again)) {
    return -EAGAIN;
  }
  bool& at_urgent_mark = network_.at(end).at_urgent_mark;
  at_urgent_mark = at_urgent_mark || (network_.readable(end) && random_.chance(faults_.urgent_mark));
  if (at_urgent_mark) {
    trace_.add(now_, "fill", fd, end, {}, kAtUrgentMark);
    return kAtUrgentMark;
  }
  std::uint32_t count = std::min({limits_.pipe_bytes, limit, network_.other(end).arrived});
  if (count > 0 && random_.chance(faults_.short_receive)) {
    count = 1 + random_.below(count);
  }
  state->bytes.resize(count);
  state->first = 0;
  const std::int32_t result = network_.read(end, state->bytes);
  pipe.held = count;
  trace_.add(now_, "fill", fd, end, {}, result);
  if (result > 0) {
    quiet_turns_ = 0;
  }
  return result;
}

std::int32_t SimulatedRing::drain(Pipe& pipe, int fd) {
  PipeState* const state = pipe_state(pipe, "draining");
  Descriptor* const file = stream(fd, "draining a pipe");
  if (state == nullptr || file == nullptr) {
    return -EBADF;
  }
  const EndId end = file->target;
  if (file->operation(Readiness::kWritable) != kNoOperation) {
    violation(end, "a pipe is drained while a send is in flight");
  }
  if (random_.chance(faults_.groundless_again)) {
    return -EAGAIN;
  }
  auto bytes = std::span<const std::byte>(state->bytes).subspan(state->first);
  if (!bytes.empty() && random_.chance(faults_.short_send)) {
    bytes = bytes.first(1 + random_.below(static_cast<std::uint32_t>(bytes.size())));
  }
  const std::int32_t result = network_.write(end, bytes);
  trace_.add(now_, "drain", fd, end, {}, result);
  if (result > 0) {
    sent(end, bytes.first(static_cast<std::size_t>(result)));
    state->first += static_cast<std::size_t>(result);
    pipe.held -= static_cast<std::uint32_t>(result);
    moved(end);
  }
  return result;
}

void SimulatedRing::cancel(int fd) {
  submissions_.push_back({Submission::What::kCancel, static_cast<std::uint32_t>(fd)});
  trace_.add(now_, "cancel", fd, end_of(fd), {}, 0);
}

void SimulatedRing::close(int fd) {
  Descriptor* const file = files_.find(fd);
  if (file == nullptr || file->closing || file->kind == Descriptor::Kind::kPipe) {
    violation(kNoEnd, "a file is closed that is not open");
    return;
  }
  if (file->busy()) {
    violation(end_of(fd), "a file is closed while an operation on it is outstanding");
    return;
  }
  file->closing = true;
  if (limits_.close_at_once) {
    close_now(fd);
  } else {
    submissions_.push_back({Submission::What::kClose, static_cast<std::uint32_t>(fd)});
  }
}

void SimulatedRing::close_now(int fd) {
  const Descriptor file = *files_.find(fd);
  files_.close(fd);
  if (file.kind == Descriptor::Kind::kListener) {
    fd_of_listener_[file.target] = -1;
    network_.unbind(file.target);
    return;
  }
  trace_.add(now_, network_.close_resets(file.target) ? "close with RST" : "close", fd, file.target, {}, 0);
  observer_.on_close(file.target);
  fd_of_end_[file.target] = -1;
  network_.close(file.target);
}

int SimulatedRing::bind(const SocketAddress& address) {
  const ListenerId listener = network_.bind(address, *this);
  fd_of_listener_.resize(std::max<std::size_t>(fd_of_listener_.size(), listener + 1), -1);
  fd_of_listener_[listener] = files_.open(Descriptor::Kind::kListener, listener);
  return fd_of_listener_[listener];
}

Descriptor* SimulatedRing::listener(int fd) {
  Descriptor* const file = files_.find(fd);
  if (file == nullptr || file->kind != Descriptor::Kind::kListener || file->closing) {
    violation(kNoEnd, "a call that wants a listening socket got another file");
    return nullptr;
  }
  return file;
}

bool SimulatedRing::listen(int fd, const SocketAddress& /*address*/) {
  const Descriptor* const file = listener(fd);
  if (file != nullptr) {
    network_.set_listening(file->target, true);
  }
  return file != nullptr;
}

void SimulatedRing::refuse(int fd) {
  if (const Descriptor* const file = listener(fd); file != nullptr) {
    network_.set_listening(file->target, false);
  }
}

void SimulatedRing::silence(int fd, bool on) {
  if (const Descriptor* const file = listener(fd); file != nullptr) {
    network_.set_silent(file->target, on);
  }
}

int SimulatedRing::accept_now(int fd) {
  const Descriptor* const file = listener(fd);
  if (file == nullptr || !network_.has_backlog(file->target)) {
    return -1;
  }
  const ListenerId listener = file->target;
  const int accepted = files_.open(Descriptor::Kind::kStream, kNoEnd);
  if (accepted < 0) {
    return -1;
  }
  const EndId end = network_.accept(listener, *this);
  files_.find(accepted)->target = end;
  fd_of_end_.resize(std::max<std::size_t>(fd_of_end_.size(), end + 1), -1);
  fd_of_end_[end] = accepted;
  observer_.on_accepted(end);
  return accepted;
}

std::int32_t SimulatedRing::take_error(int fd) {
  const EndId end = end_of(fd);
  return end == kNoEnd ? 0 : -network_.take_error(end);
}

int SimulatedRing::open_stream(int /*family*/) {
  if (random_.chance(faults_.no_file)) {
    return random_.chance(0.5) ? -EMFILE : -ENFILE;
  }
  const int fd = files_.open(Descriptor::Kind::kStream, kNoEnd);
  if (fd < 0) {
    return -EMFILE;
  }
  const EndId end = network_.open({}, *this);
  files_.find(fd)->target = end;
  fd_of_end_.resize(std::max<std::size_t>(fd_of_end_.size(), end + 1), -1);
  fd_of_end_[end] = fd;
  return fd;
}

int SimulatedRing::bind(int fd, const NearEnd& near) {
  Descriptor* const file = stream(fd, "bind");
  if (file == nullptr) {
    return -EBADF;
  }
  const int result = near.address.port() != 0 && random_.chance(faults_.port_taken) ? -EADDRINUSE : 0;
  if (result == 0) {
    network_.at(file->target).bound = true;
    network_.at(file->target).address = near.address;
  }
  trace_.add(now_, "bind", fd, file->target, {}, result);
  return result;
}

std::int32_t SimulatedRing::send_now(int fd, std::span<const std::byte> bytes) {
  Descriptor* const file = stream(fd, "send");
  if (file == nullptr) {
    return -EBADF;
  }
  if (file->operation(Readiness::kWritable) != kNoOperation) {
    violation(file->target, "sends at once while something else is being written");
  }
  // The smallest send buffer that Linux gives a socket (SOCK_MIN_SNDBUF, include/net/sock.h): who sends at once counts
  // on that.
  constexpr std::uint32_t kLeastSendBuffer_bytes = 4608;
  network_.at(file->target).send_limit = std::max(network_.at(file->target).send_limit, kLeastSendBuffer_bytes);
  const std::int32_t sent = network_.write(file->target, bytes);
  trace_.add(now_, "preface", fd, file->target, {}, sent);
  if (sent > 0) {
    observer_.on_preface(file->target, bytes.first(static_cast<std::size_t>(sent)));
  }
  return sent;
}

void SimulatedRing::shutdown_send(int fd) {
  Descriptor* const file = stream(fd, "shutdown");
  if (file == nullptr) {
    return;
  }
  if (file->operation(Readiness::kWritable) != kNoOperation &&
      operations_[file->operation(Readiness::kWritable)].kind == Kind::kSend) {
    violation(file->target, "FIN while a send is in flight");
  }
  trace_.add(now_, "FIN", fd, file->target, {}, 0);
  observer_.on_shut_send(file->target);
  network_.shut_send(file->target);
}

void SimulatedRing::reset_on_close(int fd) {
  if (Descriptor* const file = stream(fd, "SO_LINGER"); file != nullptr) {
    network_.at(file->target).hard_close = true;
  }
}

bool SimulatedRing::hung_up(int fd) const {
  const EndId end = end_of(fd);
  return end != kNoEnd && network_.hung_up(end);
}

SocketAddress SimulatedRing::peer(int fd) const {
  const EndId end = end_of(fd);
  if (end == kNoEnd) {
    return {};
  }
  observer_.on_asked_peer(end);
  return network_.at(end).reset ? SocketAddress() : network_.at(end).peer;
}

SocketAddress SimulatedRing::dialled(int fd) {
  const EndId end = end_of(fd);
  return end == kNoEnd ? SocketAddress() : network_.at(end).address;
}

std::size_t SimulatedRing::unsent_bytes(int fd) const {
  const EndId end = end_of(fd);
  return end == kNoEnd ? 0 : network_.unacknowledged(end);
}

std::span<const std::byte> SimulatedRing::bytes(const Buffer& buffer) const {
  return const_cast<Buffers&>(buffers_).at(buffer.id).first(buffer.size);
}

void SimulatedRing::append(Buffer& to, Buffer& from) {
  const std::uint32_t moved = std::min(from.size, buffers_.buffer_bytes() - to.size);
  const std::span<std::byte> bytes = buffers_.at(from.id).first(from.size);
  std::ranges::copy(bytes.first(moved), buffers_.at(to.id).subspan(to.size).begin());
  std::ranges::copy(bytes.subspan(moved), bytes.begin());
  to.size += moved;
  from.size -= moved;
  if (from.size == 0) {
    release(from);
  }
}

void SimulatedRing::release(Buffer& buffer) {
  if (const char* wrong = buffers_.give_back(buffer.id); wrong != nullptr) {
    violation(kNoEnd, wrong);
  }
  buffer = {};
}

}  // namespace ringway::proxy::simulated
