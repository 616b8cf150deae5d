#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <stdexcept>

#include "tests/docker/engine/command.h"
#include "tests/harness/load.h"
#include "tests/harness/places.h"
#include "tests/harness/process.h"
#include "tests/harness/services.h"

/// The tools of the other tests, without a daemon between: what they call right is right, and what is wrong they see.
namespace ringway::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(HarnessTest, a_load_on_a_sound_server_has_no_failures) {
  EchoServer server({.name = "only", .at = {}});
  Load load({.to = server.address(), .long_lived = 20, .short_lived = 4, .pace = {.round_bytes = 20'000}});
  EXPECT_TRUE(wait_until([&] { return load.report().finished > 50 && load.established() >= 20; }));
  const LoadReport report = load.stop();
  EXPECT_THAT(report.failures, IsEmpty()) << report.failures_text();
  EXPECT_EQ(report.connections.at("only"), report.finished);
  EXPECT_TRUE(wait_until([&] { return server.finished() == report.finished; })) << server.finished();
  EXPECT_EQ(server.received_bytes(), report.bytes);
}

TEST(HarnessTest, a_limited_load_begins_as_many_connections) {
  EchoServer server({.name = "only", .at = {}});
  Load load({.to = server.address(), .short_lived = 3, .pace = {.round_bytes = 10}, .limit = 100});
  EXPECT_EQ(load.finish(kPatience).finished, 100U);
}

TEST(HarnessTest, a_load_sees_a_server_die) {
  auto server = std::make_unique<EchoServer>(ServerOptions{.name = "mortal", .at = {}});
  Load load({.to = server->address(), .long_lived = 5, .pace = {}});
  ASSERT_TRUE(wait_until([&] { return load.established() == 5; }));
  server.reset();
  ASSERT_TRUE(wait_until([&] {
    return load.report().failures["reset@mortal"] == 5 && load.report().failures["refused"] > 0;
  })) << load.report().failures_text();
}

TEST(HarnessTest, a_load_sees_a_wrong_byte) {
  EchoServer server({.mode = Mode::kFinFirst, .name = "greeting\nand what nobody sent", .at = {}});
  Load load({.to = server.address(), .long_lived = 1, .pace = {}});
  EXPECT_TRUE(wait_until([&] { return load.report().failures["wrong byte@greeting"] > 0; }))
      << load.report().failures_text();
}

TEST(HarnessTest, a_stream_is_verified_byte_by_byte) {
  PatternWriter writer(100'000);
  PatternReader whole;
  PatternReader spoilt;
  std::vector<std::byte> block(777);
  while (!writer.done()) {
    const std::size_t size = writer.peek(block);
    whole.feed({block.data(), size});
    if (writer.done() || whole.pattern_bytes() > 90'000) {
      block[3] ^= std::byte{1};
    }
    spoilt.feed({block.data(), size});
    writer.advance(size);
  }
  EXPECT_TRUE(whole.right());
  EXPECT_EQ(whole.pattern_bytes(), 100'000U);
  EXPECT_FALSE(spoilt.right());
}

TEST(HarnessTest, a_client_tells_fin_from_reset) {
  EchoServer echo({.mode = Mode::kEcho, .at = {}});
  TcpClient polite(echo.address());
  EXPECT_TRUE(polite.send("hello"));
  polite.finish();
  EXPECT_EQ(polite.receive_all(), "hello");
  EXPECT_EQ(polite.ending(), Ending::kFin);

  EchoServer rude({.mode = Mode::kResetAfter, .name = "bye", .bytes = 5, .at = {}});
  TcpClient client(rude.address());
  EXPECT_TRUE(client.send("hello"));
  EXPECT_EQ(client.receive_all(), "bye");
  EXPECT_EQ(client.ending(), Ending::kReset);
}

TEST(HarnessTest, a_server_tells_fin_from_reset) {
  EchoServer sink({.mode = Mode::kSink, .at = {}});
  TcpClient rude(sink.address());
  EXPECT_TRUE(rude.send("12345678"));
  EXPECT_TRUE(wait_until([&] { return sink.received_bytes() == 8; }));
  rude.reset();
  EXPECT_TRUE(wait_until([&] { return sink.resets() == 1; }));
  const auto exchanged = TcpClient(sink.address()).exchange(1'000'000);
  EXPECT_TRUE(exchanged.sent_all);
  EXPECT_EQ(exchanged.ending, Ending::kFin);
  EXPECT_TRUE(wait_until([&] { return sink.finished() == 1; }));
}

TEST(HarnessTest, a_full_backlog_answers_no_connect) {
  EchoServer mute({.mode = Mode::kNeverAccept, .at = {}});
  EXPECT_EQ(TcpClient(mute.address(), milliseconds(300)).error(), ETIMEDOUT);
  EXPECT_EQ(TcpClient(refusing_endpoint()).error(), ECONNREFUSED);
}

TEST(HarnessTest, a_program_runs_with_its_output_and_a_time_limit) {
  const Outcome fine = run({"sh", "-c", "echo out; echo err >&2; exit 3"});
  EXPECT_EQ(fine.status, 3);
  EXPECT_EQ(fine.out, "out\n");
  EXPECT_EQ(fine.err, "err\n");
  EXPECT_EQ(run({"sleep", "100"}, milliseconds(50)).status, 124);
  EXPECT_EQ(run({"no-such-program"}).status, 127);
}

/// What `run_command` throws.
std::string failure_of(const std::vector<std::string>& words, std::chrono::seconds limit) {
  try {
    run_command(words, limit);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "nothing";
}

TEST(HarnessTest, a_command_of_an_engine_that_does_not_end_is_killed_and_says_what_it_was) {
  using std::chrono::seconds;
  const TemporaryFolder folder;
  const std::string script =
      "trap '' TERM; echo begun; sleep 1000 & echo $! > " + (folder / "child") + "; while :; do wait; done";
  EXPECT_THAT(failure_of({"sh", "-c", script}, seconds(1)),
              AllOf(HasSubstr("trap"), HasSubstr("had not ended after 1 s"), HasSubstr("begun")));
  const int child = std::stoi(read_file(folder / "child"));
  EXPECT_TRUE(wait_until([&] { return read_file("/proc/" + std::to_string(child) + "/cmdline").empty(); }))
      << "what it started lives on";
  EXPECT_THAT(failure_of({"sh", "-c", "echo wrong; exit 3"}, seconds(60)), HasSubstr("wrong"));
  const int left = std::stoi(run_command({"sh", "-c", "sleep 1000 & echo $!"}, seconds(60)));
  EXPECT_EQ(kill(left, SIGKILL), 0) << "who is left holds the output open, and nobody waits for that";
}

TEST(HarnessTest, an_engine_that_does_not_end_is_killed_and_says_what_it_was) {
  const TemporaryFolder folder;
  Background stubborn({"sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done"}, folder / "log");
  ASSERT_TRUE(wait_until([&] { return !read_file(folder / "log").empty(); }));
  try {
    stubborn.end(SIGTERM, std::chrono::seconds(1));
    FAIL() << "it ended";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("sleep 0.1"), HasSubstr("1 s after signal 15"), HasSubstr("up")));
  }
  EXPECT_FALSE(stubborn.running());
}

}  // namespace
}  // namespace ringway::test
