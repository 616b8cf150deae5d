#include <gtest/gtest.h>

#include "tests/docker/engine/box.h"

int main(int argc, char** argv) {
  ringway::test::enter_box(argv);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
