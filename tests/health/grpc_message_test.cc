#include "discovery/health/grpc_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ringway::discovery {
namespace {

using namespace std::string_literals;

TEST(GrpcMessage, AsksForAServiceOrForTheWholeServer) {
  EXPECT_EQ(health_request(""), "\0\0\0\0\0"s);
  EXPECT_EQ(health_request("shop.Cart"), "\0\0\0\0\x0b\x0a\x09shop.Cart"s);
  const std::string longer(300, 'x');
  EXPECT_EQ(health_request(longer), "\0\0\0\x01\x2f\x0a\xac\x02"s + longer);
}

TEST(GrpcMessage, ReadsTheStatusWhateverElseThereIs) {
  EXPECT_EQ(health_response("\0\0\0\0\x02\x08\x01"s), 1U);
  EXPECT_EQ(health_response("\0\0\0\0\0"s), 0U) << "the default is not sent";
  EXPECT_EQ(health_response("\0\0\0\0\x03\x08\x81\x01"s), 129U);
  EXPECT_EQ(health_response("\0\0\0\0\x04\x08\x01\x08\x02"s), 2U) << "the last counts";
  EXPECT_EQ(health_response("\0\0\0\0\x16\x12\x02hi\x18\x05\x21"s + "12345678" + "\x2d" + "1234\x08\x01"), 1U);
}

TEST(GrpcMessage, SaysWhatIsWrongWithAnAnswer) {
  const auto wrong = [](const std::string& data) {
    const auto read = health_response(data);
    return read ? "nothing" : read.error();
  };
  EXPECT_EQ(wrong(""), "has no message");
  EXPECT_EQ(wrong("\0\0\0"s), "has no message");
  EXPECT_EQ(wrong("\x01\0\0\0\x02\x08\x01"s), "is compressed, which was not asked for");
  EXPECT_EQ(wrong("\0\0\0\0\x02\x08"s), "ends within its message");
  EXPECT_EQ(wrong("\0\xff\xff\xff\xff\x08\x01"s), "ends within its message");
  EXPECT_EQ(wrong("\0\0\0\0\x02\x08\x01\0"s), "has more than one message");
  for (const std::string& message : {"\x08"s, "\x08\x80"s, "\x12\x05hi"s, "\x0f\x01"s, "\x00\x01"s, "\x21\x01"s,
                                     "\x08"s + std::string(11, '\xff')}) {
    EXPECT_EQ(wrong("\0\0\0\0"s + static_cast<char>(message.size()) + message), "is no HealthCheckResponse");
  }
}

TEST(GrpcMessage, NamesStatuses) {
  EXPECT_EQ(serving_status_text(2), "NOT_SERVING");
  EXPECT_EQ(serving_status_text(4), "status 4");
  EXPECT_EQ(grpc_status_text("5"), "NOT_FOUND");
  EXPECT_EQ(grpc_status_text("16"), "UNAUTHENTICATED");
  EXPECT_EQ(grpc_status_text("17"), "status 17");
  EXPECT_EQ(grpc_status_text("5x"), "status 5x");
}

TEST(GrpcMessage, DecodesPercents) {
  EXPECT_EQ(percent_decoded("shut%20down%25"), "shut down%");
  EXPECT_EQ(percent_decoded("100%, %4 %zz%4"), "100%, %4 %zz%4") << "what is no triple stays";
}

}  // namespace
}  // namespace ringway::discovery
