#include "tests/harness/services.h"

namespace ringway::test {

std::string ServiceSpec::yaml() const {
  std::string text = "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + ", namespace: default}\n" +
                     "spec:\n  clusterIP: \"" + vip.ip().to_string() + "\"\n  selector: {app: " + name + "}\n" +
                     "  ports: [{name: main, port: " + std::to_string(vip.port()) + ", targetPort: main}]\n";
  for (const std::string& line : spec) {
    text += "  " + line + "\n";
  }
  text += "policy: " + policy + "\n";
  for (std::size_t i = 0; i < endpoints.size(); ++i) {
    const std::string pod = name + "-" + std::to_string(i);
    const std::string label = i < labels.size() ? ", " + labels[i] : "";
    const std::string node = i < nodes.size() ? "nodeName: " + nodes[i] + ", " : "";
    text += "---\napiVersion: v1\nkind: Pod\nmetadata: {name: " + pod + ", namespace: default, labels: {app: " + name +
            label + "}}\nspec: {" + node +
            "containers: [{name: main, ports: [{name: main, containerPort: " + std::to_string(endpoints[i].port()) +
            "}]}]}\nstatus: {podIP: \"" + endpoints[i].ip().to_string() + "\"}\n";
  }
  return text;
}

std::string documents(const std::vector<ServiceSpec>& services) {
  std::string text;
  for (const ServiceSpec& service : services) {
    text += "---\n" + service.yaml();
  }
  return text;
}

std::vector<std::unique_ptr<EchoServer>> start_servers(std::size_t count, Mode mode, const std::string& name,
                                                       std::uint64_t bytes) {
  std::vector<std::unique_ptr<EchoServer>> servers;
  for (std::size_t i = 0; i < count; ++i) {
    servers.push_back(std::make_unique<EchoServer>(
        ServerOptions{.mode = mode, .name = name + "-" + std::to_string(i), .bytes = bytes, .at = {}}));
  }
  return servers;
}

std::vector<SocketAddress> addresses_of(const std::vector<std::unique_ptr<EchoServer>>& servers) {
  std::vector<SocketAddress> all;
  for (const auto& server : servers) {
    all.push_back(server->address());
  }
  return all;
}

}  // namespace ringway::test
