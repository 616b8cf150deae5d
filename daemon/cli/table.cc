#include "daemon/cli/table.h"

#include <algorithm>
#include <ostream>

#include "daemon/text.h"

namespace ringway::daemon {

namespace {

constexpr std::size_t kGap = 3;

/// Columns of a terminal that UTF-8 text takes, near enough: its code points.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace

void Table::add(Row row) {
  row.resize(header_.size());
  for (std::size_t i = 0; i < row.size(); ++i) {
    row[i] = row[i].empty() && i + 1 < row.size() ? "<none>" : printable(row[i]);
  }
  rows_.push_back(std::move(row));
}

void Table::print(std::ostream& out) {
  if (widths_.empty()) {
    widths_.resize(header_.size());
    rows_.insert(rows_.begin(), header_);
  }
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths_[i] = std::max(widths_[i], width_of(row[i]));
    }
  }
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(widths_[i] - width_of(row[i]) + kGap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  }
  out.flush();
  rows_.clear();
}

}  // namespace ringway::daemon
