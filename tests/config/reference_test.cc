#include <sstream>

#include "config/keys.h"
#include "tests/config/loading.h"

namespace ringway::config {
namespace {

std::string readme() {
  std::ifstream file(std::filesystem::path(RINGWAY_SOURCE_DIR) / "config/README.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Reference, explains_every_key) {
  const std::string text = readme();
  for (const KeyTable& table : kKeyTables) {
    for (const Key key : table.keys) {
      const std::string alone = "`" + std::string(key) + "`";
      const std::string whole = "`" + std::string(table.at) + "." + std::string(key);
      const bool explained = text.find(alone) != std::string::npos || text.find(whole + "`") != std::string::npos ||
                             text.find(whole + ".") != std::string::npos;
      EXPECT_TRUE(explained) << table.at << "." << key;
    }
  }
}

}  // namespace
}  // namespace ringway::config
