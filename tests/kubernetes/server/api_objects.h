#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ringway::test {

/// What the target of a request says.
struct ApiRequest {
  std::string resource;  ///< "services"
  std::string ns;        ///< "" = all
  std::map<std::string, std::string> query;
};
ApiRequest parse_request(const std::string& target);

/// The objects of an API server with their history, in the words of a real one: lists, pages, events, 410.
class ApiObjects {
 public:
  using Json = nlohmann::json;

  struct Answer {
    int status = 200;
    std::string body;
  };
  /// One event, of which a watcher from an older version hears.
  struct Event {
    std::int64_t version = 0;
    std::string resource;
    std::string ns;
    std::string line;  ///< with its end
  };

  /// Returns the event that tells of it.
  Event put(const std::string& resource, Json object);
  Event drop(const std::string& resource, const std::string& id);
  [[nodiscard]] Event bookmark(const std::string& resource) const;
  /// Forgets the past: watches from an older version and `continue` of an older list are 410.
  void compact();

  [[nodiscard]] Answer list(const ApiRequest& request);
  /// The events that a watch from `version` must hear first; one ERROR where they are forgotten.
  [[nodiscard]] std::string past(const ApiRequest& request, std::int64_t version) const;
  [[nodiscard]] std::int64_t version() const { return version_; }

 private:
  using Objects = std::map<std::string, std::shared_ptr<const Json>>;  ///< shared with the pages that name them
  Event happened(const std::string& type, const std::string& resource, Json object);

  std::map<std::string, Objects> objects_;
  std::vector<Event> events_;
  std::map<std::int64_t, std::map<std::string, Objects>> pages_;  ///< as they were when a list began
  std::int64_t version_ = 1000;
  std::int64_t compacted_ = 1000;
};

/// A recorded answer of a real server, `v1.36/services-list.json`.
std::string recorded(const std::string& file);

}  // namespace ringway::test
