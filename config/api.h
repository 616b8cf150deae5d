#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/values.h"

/// What a Kubernetes API server answers, as the plain values that files give: the same decoders read both.
namespace ringway::config {

/// The kinds that are asked for.
enum class ApiKind : std::uint8_t { kService, kEndpointSlice, kPod, kNode };

/// A Service without the defaults of `kind: Ringway`, which may change while it stays.
struct ApiService {
  Service service;                            ///< its own policy not applied yet
  std::shared_ptr<const PolicyPatch> policy;  ///< of the annotation `ringway.io/policy`, never null

  bool operator==(const ApiService& other) const;
};

/// One object of a list or of an event. `value` is std::monostate where the object is of no interest (a Service of
/// another proxy, addressType FQDN) or has mistakes: the latter then tell why.
struct ApiObject {
  std::string id;  ///< "namespace/name", of a Node its name
  std::string resource_version;
  std::variant<std::monostate, ApiService, EndpointSlice, Pod, Node> value;
  std::vector<std::string> mistakes;  ///< `service shop/web: spec.ports[0].port: …`
  std::vector<std::string> notes;
};

/// One page of a list.
struct ApiPage {
  std::string resource_version;
  std::string next;  ///< the `continue` of the next page, "" = this is the last
  std::vector<ApiObject> items;
};

/// What an answer with an error says (meta/v1 Status).
struct ApiStatus {
  int code = 0;
  std::string reason;
  std::string message;
};

/// One line of a watch.
struct ApiEvent {
  enum class Type : std::uint8_t { kChanged, kDeleted, kBookmark, kError };
  Type type = Type::kChanged;
  ApiObject object;  ///< of a bookmark its version only
  ApiStatus status;  ///< of an error
};

/// Reads a list; the error says why it is none. An object that is wrong is an item with mistakes, and no error.
std::expected<ApiPage, std::string> read_api_page(std::string_view json, ApiKind kind);
/// Reads a line of a watch. Types that are not known read as a bookmark without a version.
std::expected<ApiEvent, std::string> read_api_event(std::string_view json, ApiKind kind);
/// Null values where `json` is no Status: a proxy's page, or text.
ApiStatus read_api_status(std::string_view json);
/// `gitVersion` of `/version`; "" where there is none.
std::string read_api_version(std::string_view json);

/// The Service with its policy over `defaults`; null: over the built-in ones.
Service with_policy(const ApiService& service, const PolicyPatch* defaults);

}  // namespace ringway::config
