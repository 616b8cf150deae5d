#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/value.h"

namespace ringway::config {

/// Why a text could not be read to its end.
struct ParseProblem {
  int line = 0;    ///< from 1
  int column = 0;  ///< from 1
  std::string what;
  bool limit = false;  ///< a limit was met: the text itself may be right
};

/// Builds one `Value` out of a parser's events and holds the limits of `limits.h` while it does.
///
/// Every event returns false where a limit bites or the input cannot be taken; `problem()` says why, and no further
/// event may follow. `anchor` is 0 for none.
class TreeBuilder {
 public:
  struct Place {
    int line = 0;
    int column = 0;
  };

  bool null(Place place, std::size_t anchor = 0);
  bool scalar(Place place, std::string text, bool plain, std::size_t anchor = 0);
  bool open(Place place, Value::Kind kind, std::size_t anchor = 0);
  bool close();
  /// A copy of what stands at `anchor`, which must be closed already.
  bool alias(Place place, std::size_t anchor);

  [[nodiscard]] const std::optional<ParseProblem>& problem() const { return problem_; }
  /// The value that all events made; the builder is as new afterwards.
  Value take();

 private:
  struct Open {
    Value value;
    std::size_t anchor = 0;
    std::size_t values_before = 0;
  };
  struct Anchored {
    Value value;
    std::size_t values = 0;
    std::size_t height = 0;
  };

  bool add(Value value, std::size_t anchor, std::size_t values);
  bool fail(Place place, std::string what);

  std::vector<Open> open_;
  std::map<std::size_t, Anchored> anchors_;
  std::size_t values_ = 0;
  Value root_;
  std::optional<ParseProblem> problem_;
};

}  // namespace ringway::config
