#include "config/keys.h"
#include "config/policy.h"

// What of a policy says how a Service lives with endpoints that fail.
namespace ringway::config {
namespace {

constexpr milliseconds kMinTimeout{10};
constexpr milliseconds kMaxConnectTimeout = std::chrono::minutes(10);
constexpr milliseconds kMaxSlowStart = std::chrono::hours(1);
constexpr milliseconds kMinOutlierTime{100};
constexpr milliseconds kMaxOutlierTime = std::chrono::hours(24);
constexpr std::int64_t kMaxConnectAttempts = 16;
constexpr std::int64_t kMaxInRow = 1000;
constexpr std::int64_t kMaxEndpoints = 10'000;
constexpr std::int64_t kMaxConnections = 1'000'000;
constexpr double kMaxDeviations = 10.0;

OutlierPatch decode_outliers(const Cursor& outliers) {
  OutlierPatch patch;
  if (outliers.raw() == "off") {
    patch.off = true;
    return patch;
  }
  outliers.allow_only(kOutlierKeys);
  patch.connect_failures = outliers["connectFailures"].integer(0, kMaxInRow);
  patch.early_resets = outliers["earlyResets"].integer(0, kMaxInRow);
  const Cursor rate = outliers["successRate"];
  rate.allow_only(kSuccessRateKeys);
  patch.deviations = rate["deviations"].number(0.0, kMaxDeviations);
  patch.min_endpoints = rate["minEndpoints"].integer(2, kMaxEndpoints);
  patch.min_connections = rate["minConnections"].integer(1, kMaxConnections);
  patch.interval = outliers["interval"].duration(kMinOutlierTime, kMaxOutlierTime);
  patch.ejection = outliers["ejection"].duration(kMinOutlierTime, kMaxOutlierTime);
  patch.max_ejection = outliers["maxEjection"].duration(kMinOutlierTime, kMaxOutlierTime);
  patch.max_ejected = outliers["maxEjected"].number(0.0, 1.0);
  if (patch.ejection && patch.max_ejection && *patch.max_ejection < *patch.ejection) {
    outliers["maxEjection"].fail("is shorter than `ejection`, the shortest there is");
  }
  return patch;
}

}  // namespace

void decode_failure(const Cursor& policy, PolicyPatch& patch) {
  const Cursor connect = policy["connect"];
  connect.allow_only(kConnectKeys);
  patch.connect_timeout = connect["timeout"].duration(kMinTimeout, kMaxConnectTimeout);
  patch.connect_attempts = connect["attempts"].integer(1, kMaxConnectAttempts);
  patch.retry_budget = connect["retryBudget"].number(0.0, 1.0);
  patch.slow_start = policy["slowStart"].duration(kMinTimeout, kMaxSlowStart, true);
  if (const Cursor outliers = policy["outlierDetection"]; outliers.present()) {
    patch.outliers = decode_outliers(outliers);
  }
}

}  // namespace ringway::config
