#pragma once

#include <string>

namespace ringway::config {

/// Where in a file something stands. Lines and columns count from 1; 0 means that the place is not known.
struct Position {
  std::string file;
  int line = 0;
  int column = 0;
};

/// One thing that is wrong in a configuration. Printed as `file:line:column: path: what`.
struct Mistake {
  Position at;
  std::string path;  ///< `spec.ports[0].port`, "" for the document as a whole
  std::string what;  ///< what is wrong and what is allowed

  [[nodiscard]] std::string to_string() const;
};

}  // namespace ringway::config
