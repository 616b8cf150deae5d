#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace ringway::daemon {

/// Rows in aligned columns, as kubectl prints them: three spaces between, `<none>` for an empty cell in the middle,
/// nothing after the last word of a line.
class Table {
 public:
  using Row = std::vector<std::string>;

  explicit Table(Row header) : header_(std::move(header)) {}
  void add(Row row);
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  /// Prints the header and the rows added, and forgets those. A later print leaves the header out and keeps the columns
  /// at least as wide as before: that is how a watch goes on.
  void print(std::ostream& out);

 private:
  Row header_;
  std::vector<Row> rows_;
  std::vector<std::size_t> widths_;
};

}  // namespace ringway::daemon
