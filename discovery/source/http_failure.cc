#include "discovery/source/http_failure.h"

#include <boost/asio/error.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>

namespace ringway::discovery {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using proxy::ErrorCode;

std::unexpected<proxy::Error> http_failure(const std::string& doing, const boost::system::error_code& error,
                                           const std::string& peer) {
  const bool limit = error == beast::error::timeout || error == http::error::body_limit;
  std::string what = error.message();
  if (error == beast::error::timeout) {
    what = "no answer in time";
  } else if (error == http::error::end_of_stream || error == http::error::partial_message ||
             error == asio::error::eof) {
    what = peer + " closed the connection";
  } else if (error == http::error::body_limit) {
    what = "the answer is larger than allowed";
  }
  return proxy::failure(limit ? ErrorCode::kExhausted : ErrorCode::kUnavailable, doing + ": " + what);
}

}  // namespace ringway::discovery
