#include "discovery/kubernetes/name_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <future>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace ringway::discovery {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using testing::HasSubstr;
using testing::IsEmpty;

class NameLookupTest : public testing::Test {
 protected:
  using Outcome = proxy::Result<std::vector<tcp::endpoint>>;

  void TearDown() override { dns_.set_value(); }

  /// A DNS server that answers no one before the end of the test.
  [[nodiscard]] NameLookup::Ask dead_dns() const {
    return [until = dns_answers_](const std::string&, std::uint16_t) {
      until.wait();
      return NameLookup::Found();
    };
  }
  void find(NameLookup& lookup, const std::string& host, std::chrono::milliseconds timeout) {
    boost::asio::co_spawn(
        context_, lookup.find(host, 6443, timeout),
        [this](const std::exception_ptr&, Outcome outcome) { outcomes_.push_back(std::move(outcome)); });
  }

  boost::asio::io_context context_;
  std::vector<Outcome> outcomes_;
  std::promise<void> dns_;
  std::shared_future<void> dns_answers_ = dns_.get_future().share();
};

TEST_F(NameLookupTest, finds_what_the_system_knows) {
  NameLookup lookup(context_.get_executor());
  find(lookup, "localhost", 20s);
  context_.run();
  ASSERT_TRUE(outcomes_.at(0)) << outcomes_[0].error().context;
  ASSERT_FALSE(outcomes_[0]->empty());
  EXPECT_TRUE(outcomes_[0]->front().address().is_loopback());
  EXPECT_EQ(outcomes_[0]->front().port(), 6443);
}

TEST_F(NameLookupTest, says_what_went_wrong) {
  NameLookup lookup(context_.get_executor(), [](const std::string&, std::uint16_t) {
    return NameLookup::Found{.problem = "Name or service not known", .endpoints = {}};
  });
  find(lookup, "api.example", 20s);
  context_.run();
  ASSERT_FALSE(outcomes_.at(0));
  EXPECT_EQ(outcomes_[0].error().context, "looking up api.example: Name or service not known");
}

TEST_F(NameLookupTest, the_limit_holds_though_nothing_interrupts_the_question) {
  NameLookup lookup(context_.get_executor(), dead_dns());
  find(lookup, "api.example", 20ms);
  context_.run();
  ASSERT_FALSE(outcomes_.at(0));
  EXPECT_THAT(outcomes_[0].error().context, HasSubstr("looking up api.example: no answer within 20 ms"));
}

TEST_F(NameLookupTest, can_be_given_up) {
  NameLookup lookup(context_.get_executor(), dead_dns());
  find(lookup, "api.example", 1h);
  context_.poll();
  EXPECT_THAT(outcomes_, IsEmpty());
  lookup.cancel();
  context_.run();
  EXPECT_FALSE(outcomes_.at(0));
}

TEST_F(NameLookupTest, those_left_behind_are_limited) {
  NameLookup lookup(context_.get_executor(), dead_dns());
  for (int i = 0; i <= NameLookup::kMaxRunning; ++i) {
    find(lookup, "api.example", 1ms);
    context_.run();
    context_.restart();
  }
  ASSERT_FALSE(outcomes_.back());
  EXPECT_THAT(outcomes_.back().error().context, HasSubstr("32 look-ups wait for a DNS server"));
}

}  // namespace
}  // namespace ringway::discovery
