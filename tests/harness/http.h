#pragma once

#include <string>

#include "tests/harness/await.h"
#include "tests/harness/fd.h"

namespace ringway::test {

struct HttpAnswer {
  int status = 0;  ///< 0: no whole answer came
  std::string body;
};

/// One HTTP/1.1 request over a connection of its own. `where` is `unix:/path` or `ip:port`; `headers` are whole lines
/// that end in CRLF.
HttpAnswer http(const std::string& where, const std::string& method, const std::string& target,
                const std::string& body = "", const std::string& headers = "", milliseconds limit = kPatience);

/// An open connection to the unix socket at `path`, non-blocking; empty where nobody listens there.
Fd connect_unix(const std::string& path);

}  // namespace ringway::test
