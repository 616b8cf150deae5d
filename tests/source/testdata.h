#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace ringway::discovery {

/// A recorded answer of a real engine (tests/source/testdata), cut to what matters here.
inline std::string testdata(const std::string& name) {
  std::ifstream file(std::string(RINGWAY_TESTDATA) + "/" + name);
  EXPECT_TRUE(file) << name;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

inline std::vector<std::string> testdata_lines(const std::string& name) {
  std::istringstream text(testdata(name));
  std::vector<std::string> lines;
  for (std::string line; std::getline(text, line);) {
    lines.push_back(line);
  }
  return lines;
}

}  // namespace ringway::discovery
