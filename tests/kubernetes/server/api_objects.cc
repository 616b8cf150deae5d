#include "tests/kubernetes/server/api_objects.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace ringway::test {
namespace {

using Json = ApiObjects::Json;

struct Words {
  std::string api_version;
  std::string kind;
};

const Words& words_of(const std::string& resource) {
  static const std::map<std::string, Words> kWords = {{"services", {"v1", "Service"}},
                                                      {"endpointslices", {"discovery.k8s.io/v1", "EndpointSlice"}},
                                                      {"pods", {"v1", "Pod"}},
                                                      {"nodes", {"v1", "Node"}}};
  return kWords.at(resource);
}

std::string ns_of(const Json& object) {
  return object["metadata"].value("namespace", "");
}

std::string id_of(const Json& object) {
  const std::string ns = ns_of(object);
  return (ns.empty() ? "" : ns + "/") + object["metadata"].value("name", "");
}

std::string decoded(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

ApiRequest parse_request(const std::string& target) {
  ApiRequest request;
  const std::string path = target.substr(0, target.find('?'));
  std::vector<std::string> parts;
  std::istringstream pieces(path);
  for (std::string part; std::getline(pieces, part, '/');) {
    parts.push_back(part);
  }
  request.resource = parts.empty() ? "" : parts.back();
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (parts[i] == "namespaces") {
      request.ns = parts[i + 1];
    }
  }
  if (path.size() < target.size()) {
    std::istringstream pairs(target.substr(path.size() + 1));
    for (std::string pair; std::getline(pairs, pair, '&');) {
      const std::size_t equals = std::min(pair.find('='), pair.size() - 1);
      request.query[pair.substr(0, equals)] = decoded(pair.substr(equals + 1));
    }
  }
  return request;
}

ApiObjects::Event ApiObjects::happened(const std::string& type, const std::string& resource, Json object) {
  object["metadata"]["resourceVersion"] = std::to_string(version_);
  object["kind"] = words_of(resource).kind;
  object["apiVersion"] = words_of(resource).api_version;
  Event event{version_, resource, ns_of(object), Json{{"type", type}, {"object", object}}.dump() + "\n"};
  events_.push_back(event);
  return event;
}

ApiObjects::Event ApiObjects::put(const std::string& resource, Json object) {
  ++version_;
  // The items of a list carry neither.
  object.erase("kind");
  object.erase("apiVersion");
  object["metadata"]["resourceVersion"] = std::to_string(version_);
  const auto [place, is_new] = objects_[resource].insert_or_assign(id_of(object), std::make_shared<const Json>(object));
  return happened(is_new ? "ADDED" : "MODIFIED", resource, std::move(object));
}

ApiObjects::Event ApiObjects::drop(const std::string& resource, const std::string& id) {
  ++version_;
  Json object = *objects_[resource].at(id);
  objects_[resource].erase(id);
  return happened("DELETED", resource, std::move(object));
}

ApiObjects::Event ApiObjects::bookmark(const std::string& resource) const {
  Json object = {{"kind", words_of(resource).kind},
                 {"apiVersion", words_of(resource).api_version},
                 {"metadata", {{"resourceVersion", std::to_string(version_)}}}};
  if (resource == "endpointslices") {
    object["endpoints"] = nullptr;
    object["ports"] = nullptr;
    object["addressType"] = "";
  }
  return {version_, resource, "", Json{{"type", "BOOKMARK"}, {"object", object}}.dump() + "\n"};
}

void ApiObjects::compact() {
  compacted_ = version_;
  events_.clear();
  pages_.clear();
}

ApiObjects::Answer ApiObjects::list(const ApiRequest& request) {
  std::int64_t version = version_;
  std::string after;
  if (const auto token = request.query.find("continue"); token != request.query.end()) {
    const std::size_t colon = token->second.find(':');
    version = std::stoll(token->second.substr(0, colon));
    after = token->second.substr(colon + 1);
    if (!pages_.contains(version)) {
      return {410, recorded("v1.36/gone-410-list-continue.json")};
    }
  }
  const std::size_t limit = request.query.contains("limit") ? std::stoul(request.query.at("limit")) : 0;
  const auto as_it_was = pages_.find(version);
  const bool goes_on = as_it_was != pages_.end() && !after.empty();
  const Objects& objects = goes_on ? as_it_was->second[request.resource] : objects_[request.resource];
  const Words& words = words_of(request.resource);
  Json answer = {{"kind", words.kind + "List"},
                 {"apiVersion", words.api_version},
                 {"metadata", {{"resourceVersion", std::to_string(version)}}},
                 {"items", Json::array()}};
  for (auto one = objects.upper_bound(after); one != objects.end(); ++one) {
    const bool other_ns = !request.ns.empty() && ns_of(*one->second) != request.ns;
    const auto field = request.query.find("fieldSelector");
    if (other_ns || (field != request.query.end() && field->second != "metadata.name=" + one->first)) {
      continue;
    }
    if (limit != 0 && answer["items"].size() == limit) {
      const std::string last = id_of(answer["items"].back());
      answer["metadata"]["continue"] = std::to_string(version) + ":" + last;
      if (!goes_on) {
        pages_[version][request.resource] = objects;
      }
      break;
    }
    answer["items"].push_back(*one->second);
  }
  return {200, answer.dump() + "\n"};
}

std::string ApiObjects::past(const ApiRequest& request, std::int64_t version) const {
  if (version < compacted_) {
    return recorded("v1.36/gone-410-watch-services.jsonl");
  }
  std::string lines;
  for (const Event& event : events_) {
    if (event.version > version && event.resource == request.resource &&
        (request.ns.empty() || request.ns == event.ns)) {
      lines += event.line;
    }
  }
  return lines;
}

std::string recorded(const std::string& file) {
  std::ifstream in(std::string(RINGWAY_RECORDED) + "/" + file, std::ios::binary);
  if (!in) {
    throw std::runtime_error("no recording " + file);
  }
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace ringway::test
