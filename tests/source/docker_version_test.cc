#include "discovery/source/docker_version.h"

#include <gmock/gmock.h>

#include "tests/source/testdata.h"

namespace ringway::discovery {
namespace {

using testing::HasSubstr;

TEST(DockerVersion, IsTheNewestThatBothSidesKnow) {
  EXPECT_EQ(negotiate_docker_version(testdata("docker20-version.json"))->api, "1.41");
  EXPECT_EQ(negotiate_docker_version(testdata("docker26-version.json"))->api, "1.45");
  EXPECT_EQ(negotiate_docker_version(testdata("docker28-version.json"))->api, "1.51");
  EXPECT_EQ(negotiate_docker_version(R"({"ApiVersion":"1.99","MinAPIVersion":"1.44"})")->api, "1.51");
  EXPECT_EQ(negotiate_docker_version(R"({"ApiVersion":"1.24"})")->api, "1.24");
}

TEST(DockerVersion, NamesTheEngineForAPerson) {
  EXPECT_EQ(negotiate_docker_version(R"({"ApiVersion":"1.51","Version":"28.5.2"})")->detail, "Docker 28.5.2, API 1.51");
  EXPECT_EQ(
      negotiate_docker_version(R"({"ApiVersion":"1.41","Version":"4.3.1","Components":[{"Name":"Podman Engine"}]})")
          ->detail,
      "Podman 4.3.1, API 1.41");
}

TEST(DockerVersion, OfNoCommonApiIsRefused) {
  EXPECT_THAT(negotiate_docker_version(R"({"ApiVersion":"1.23","Version":"1.11"})").error().context,
              HasSubstr("wanted 1.24 to 1.51"));
  EXPECT_FALSE(negotiate_docker_version(R"({"ApiVersion":"2.1","MinAPIVersion":"2.0"})"));
}

TEST(DockerVersion, OfAnythingElseIsRefused) {
  for (const auto* text : {"", "hello", "{}", "[]", R"({"ApiVersion":1.41})", R"({"ApiVersion":"1."})",
                           R"({"ApiVersion":"1.41x"})", R"({"ApiVersion":"99999999999.1"})"}) {
    EXPECT_FALSE(negotiate_docker_version(text)) << text;
  }
}

}  // namespace
}  // namespace ringway::discovery
