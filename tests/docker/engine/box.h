#pragma once

#include <string>

namespace ringway::test {

/// Runs this test program once more inside of tests/docker/box.sh, unless it is there already; to be called first in
/// `main`. Returns when it is inside, when only the tests' names are asked for, or when it cannot be done (see
/// `why_no_engine`).
void enter_box(char** argv);

/// "" where engines can be started here, else what to do about it.
std::string why_no_engine(const std::string& program);

/// Whether RINGWAY_SKIP_DOCKER=1 asks for tests with real engines to be skipped.
bool skip_engines();

}  // namespace ringway::test

/// At the beginning of a test (or SetUp) that needs `program` (dockerd, podman): skips where a person asked for it,
/// fails with what to do where it cannot run.
#define RINGWAY_NEEDS_ENGINE(program)                     \
  do {                                                    \
    if (ringway::test::skip_engines()) {                  \
      GTEST_SKIP() << "RINGWAY_SKIP_DOCKER=1";            \
    }                                                     \
    ASSERT_EQ(ringway::test::why_no_engine(program), ""); \
  } while (false)
