#pragma once

#include <string>

#include "tests/harness/await.h"

namespace ringway::test {

struct HttpAnswer {
  int status = 0;  ///< 0: no whole answer came
  std::string body;
};

/// One HTTP/1.1 request over a connection of its own. `where` is `unix:/path` or `ip:port`; `headers` are whole lines
/// that end in CRLF.
HttpAnswer http(const std::string& where, const std::string& method, const std::string& target,
                const std::string& body = "", const std::string& headers = "", milliseconds limit = kPatience);

}  // namespace ringway::test
