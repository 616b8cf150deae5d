#include "proxy/core/answer.h"

#include <gtest/gtest.h>

namespace ringway::proxy {
namespace {

constexpr std::uint32_t kRoute = 1;

enum class Behind : std::uint8_t { kNobody, kSomebody, kOthersElsewhere };

std::shared_ptr<ServicePort> port(Behind behind) {
  auto made = std::make_shared<ServicePort>();
  if (behind == Behind::kSomebody) {
    made->endpoints.push_back(nullptr);
  }
  made->silent = behind == Behind::kOthersElsewhere;
  return made;
}

Answer answer(Behind itself, Behind route, bool reject = false) {
  const auto own = port(itself);
  auto sni = std::make_shared<SniRoutes>();
  sni->slots = {kRoute};
  sni->reject = reject;
  own->sni = sni;
  const SharedVector<std::shared_ptr<const ServicePort>> ports =
      std::vector<std::shared_ptr<const ServicePort>>{own, port(route)};
  return answer_of(*own, ports);
}

TEST(AnswerTest, a_port_without_routes_answers_for_itself) {
  EXPECT_EQ(answer_of(*port(Behind::kSomebody), {}), Answer::kServes);
  EXPECT_EQ(answer_of(*port(Behind::kNobody), {}), Answer::kRefuses);
  EXPECT_EQ(answer_of(*port(Behind::kOthersElsewhere), {}), Answer::kDrops);
}

TEST(AnswerTest, whoever_is_there_is_served_and_silence_goes_before_refusal) {
  using enum Behind;
  EXPECT_EQ(answer(kSomebody, kNobody), Answer::kServes);
  EXPECT_EQ(answer(kNobody, kSomebody), Answer::kServes);
  EXPECT_EQ(answer(kOthersElsewhere, kSomebody), Answer::kServes);
  EXPECT_EQ(answer(kSomebody, kOthersElsewhere), Answer::kServes);
  EXPECT_EQ(answer(kNobody, kNobody), Answer::kRefuses);
  EXPECT_EQ(answer(kNobody, kOthersElsewhere), Answer::kDrops);
  EXPECT_EQ(answer(kOthersElsewhere, kNobody), Answer::kDrops);
}

TEST(AnswerTest, where_only_routes_are_taken_the_port_itself_does_not_matter) {
  using enum Behind;
  EXPECT_EQ(answer(kSomebody, kNobody, true), Answer::kRefuses);
  EXPECT_EQ(answer(kOthersElsewhere, kNobody, true), Answer::kRefuses);
  EXPECT_EQ(answer(kSomebody, kOthersElsewhere, true), Answer::kDrops);
  EXPECT_EQ(answer(kNobody, kSomebody, true), Answer::kServes);
}

}  // namespace
}  // namespace ringway::proxy
