#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/containerd/cri.h"
#include "tests/containerd/engine.h"
#include "tests/docker/engine/box.h"

namespace ringway::test {

/// A test that runs against both kinds of containerd, each started for it alone. Debian 13 has no 1.6 any more: there
/// the tests without events are skipped.
class ReleaseTest : public testing::TestWithParam<Release> {
 protected:
  void SetUp() override {
    RINGWAY_NEEDS_ENGINE("runc");
    if (containerd_folder(GetParam()).empty()) {
      GTEST_SKIP() << "containerd 1.6 is not in this Debian: polling is not tested here";
    }
    engine_ = std::make_unique<ContainerdEngine>(GetParam());
    engine_->start();
    cri_ = std::make_unique<Cri>(engine_->socket());
  }

  void TearDown() override {
    if (cri_) {
      cri_->remove_all();
    }
  }

  [[nodiscard]] static bool has_events() { return GetParam() == Release::kWithEvents; }

  std::unique_ptr<ContainerdEngine> engine_;
  std::unique_ptr<Cri> cri_;
};

inline std::string release_name(const testing::TestParamInfo<Release>& info) {
  return info.param == Release::kWithEvents ? "events" : "polled";
}

}  // namespace ringway::test
