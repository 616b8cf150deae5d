#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "daemon/cli/table.h"

namespace ringway::daemon {

/// The columns in which one kind of object is shown.
class ObjectTable {
 public:
  ObjectTable(const std::string& kind, bool wide, bool with_namespace);

  void add(const nlohmann::json& object);
  void print(std::ostream& out) { table_.print(out); }
  [[nodiscard]] bool empty() const { return table_.empty(); }

 private:
  struct Kind;
  static const Kind& kind_of(const std::string& kind);
  static Table make(const Kind& kind, bool wide, bool with_namespace);

  const Kind& kind_;
  bool wide_;
  bool with_namespace_;
  Table table_;
};

/// `80/TCP,443/TCP`.
[[nodiscard]] std::string ports_text(const nlohmann::json& service);
/// `2/3`: usable of all; for each port where they differ.
[[nodiscard]] std::string endpoints_text(const nlohmann::json& service);

}  // namespace ringway::daemon
