#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace ringway::daemon {

/// One HTTP request, read whole and without any type of the HTTP library.
struct Request {
  std::string method;
  std::string path;                          ///< decoded, without the query
  std::map<std::string, std::string> query;  ///< decoded; of a key that stands twice the first
  std::string body;
  bool trusted = false;  ///< carries the header `X-Ringway: 1`, which a page of another origin cannot send
};

/// What a client of the event stream is sent. Asked whenever something may have changed, never while what it gave
/// before is still on its way: a slow client gets fewer and larger messages, never a growing queue.
class StreamSource {
 public:
  virtual ~StreamSource() = default;
  /// Server-sent events as text, "" where there is nothing new.
  virtual std::string next() = 0;
};

/// A body that is made while it is sent, so that a large one neither keeps the thread from other work nor ever stands
/// in memory whole. Asked when the client has taken what came before.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// The next piece, made in a turn of about a millisecond; "" where that turn gave nothing and the next may; nullopt
  /// after the last one.
  virtual std::optional<std::string> next() = 0;
};

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string allow;                     ///< of a 405
  std::unique_ptr<StreamSource> stream;  ///< set: `body` is not sent, the stream is
  std::unique_ptr<BodySource> pieces;    ///< set: `body` is not sent, these are
};

using Reply = std::function<void(Response)>;

/// Answers requests. `reply` is called exactly once, at once or later, on the thread that called `handle`.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void handle(const Request& request, Reply reply) = 0;
};

}  // namespace ringway::daemon
