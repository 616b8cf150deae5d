#pragma once

#include <functional>
#include <map>
#include <memory>
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

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string allow;                     ///< of a 405
  std::unique_ptr<StreamSource> stream;  ///< set: `body` is not sent, the stream is
};

using Reply = std::function<void(Response)>;

/// Answers requests. `reply` is called exactly once, at once or later, on the thread that called `handle`.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void handle(const Request& request, Reply reply) = 0;
};

}  // namespace ringway::daemon
