#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ringway::test {

/// Objects as an API server has them.
inline nlohmann::json api_service(const std::string& name, const std::string& ip, std::uint16_t port,
                                  const std::string& policy = "") {
  nlohmann::json object = {
      {"metadata", {{"name", name}, {"namespace", "shop"}}},
      {"spec",
       {{"clusterIP", ip},
        {"clusterIPs", {ip}},
        {"type", "ClusterIP"},
        {"selector", {{"app", name}}},
        {"ports", {{{"name", "main"}, {"protocol", "TCP"}, {"port", port}, {"targetPort", port}}}}}}};
  if (!policy.empty()) {
    object["metadata"]["annotations"]["ringway.io/policy"] = policy;
  }
  return object;
}

struct ApiEndpoint {
  std::string ip;
  nlohmann::json conditions = {{"ready", true}, {"serving", true}, {"terminating", false}};
};

/// `SERVICE-SUFFIX`, a slice of `service` whose endpoints listen on `port`.
inline nlohmann::json api_slice(const std::string& service, const std::string& suffix, std::uint16_t port,
                                const std::vector<ApiEndpoint>& endpoints) {
  nlohmann::json list = nlohmann::json::array();
  for (const ApiEndpoint& one : endpoints) {
    list.push_back({{"addresses", {one.ip}},
                    {"conditions", one.conditions},
                    {"targetRef", {{"kind", "Pod"}, {"name", service + "-" + one.ip}}}});
  }
  return {{"metadata",
           {{"name", service + "-" + suffix},
            {"namespace", "shop"},
            {"labels", {{"kubernetes.io/service-name", service}}}}},
          {"addressType", "IPv4"},
          {"ports", {{{"name", "main"}, {"protocol", "TCP"}, {"port", port}}}},
          {"endpoints", list}};
}

}  // namespace ringway::test
