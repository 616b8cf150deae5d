#include "discovery/source/http_failure.h"

#include <gtest/gtest.h>

#include <boost/asio/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>

namespace ringway::discovery {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using proxy::ErrorCode;

TEST(HttpFailure, SaysWhoClosedTheConnection) {
  for (const error_code error : {error_code(http::error::end_of_stream), error_code(http::error::partial_message),
                                 error_code(asio::error::eof)}) {
    const auto failed = http_failure("GET /x", error, "the engine");
    EXPECT_EQ(failed.error().context, "GET /x: the engine closed the connection") << error.message();
    EXPECT_EQ(failed.error().code, ErrorCode::kUnavailable);
  }
}

TEST(HttpFailure, TellsALimitFromALostConnection) {
  const auto late = http_failure("GET /x", beast::error::timeout, "the server");
  EXPECT_EQ(late.error().context, "GET /x: no answer in time");
  EXPECT_EQ(late.error().code, ErrorCode::kExhausted);
  const auto large = http_failure("GET /x", http::error::body_limit, "the server");
  EXPECT_EQ(large.error().context, "GET /x: the answer is larger than allowed");
  EXPECT_EQ(large.error().code, ErrorCode::kExhausted);
  const auto refused = http_failure("GET /x", asio::error::connection_refused, "the server");
  EXPECT_EQ(refused.error().context, "GET /x: Connection refused");
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace ringway::discovery
