#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace ringway::config {

/// What is wrong with `text` as the file `f`, printed; empty where nothing is.
inline std::vector<std::string> mistakes(std::string_view text, const std::string& name = "f") {
  const auto loaded = load_text(text, name);
  std::vector<std::string> printed;
  if (!loaded) {
    for (const Mistake& mistake : loaded.error()) {
      printed.push_back(mistake.to_string());
    }
  }
  return printed;
}

/// The configuration of a right text; fails the test and gives an empty one otherwise.
inline Configuration loaded(std::string_view text, const std::string& name = "f") {
  auto configuration = load_text(text, name);
  if (!configuration) {
    for (const Mistake& mistake : configuration.error()) {
      ADD_FAILURE() << mistake.to_string();
    }
    return {};
  }
  return std::move(*configuration);
}

/// A folder that is gone with its contents at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "ringway-config-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, std::string_view text) const {
    const std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }

 private:
  std::filesystem::path path_;
};

/// A Service `name` on `address` (`IP:PORT`), with `policy` appended as it stands.
inline std::string service(const std::string& name, const std::string& ip, int port, const std::string& policy = "") {
  return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + "}\nspec: {clusterIP: \"" + ip +
         "\", selector: {app: x}, ports: [{port: " + std::to_string(port) + "}]}\n" + policy + "\n---\n";
}

/// A Service whose `policy` is `text` on line 5, in flow style.
inline std::string with_policy(const std::string& text) {
  return service("web", "127.96.0.10", 80, "policy: " + text);
}

inline std::string ringway(const std::string& spec) {
  return "apiVersion: ringway/v1\nkind: Ringway\nspec: " + spec + "\n---\n";
}

}  // namespace ringway::config
