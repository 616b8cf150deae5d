#include "config/api.h"

#include <charconv>
#include <optional>
#include <utility>

#include "config/draft.h"
#include "config/parse.h"

namespace ringway::config {
namespace {

/// Mistakes that are told of one object.
constexpr std::size_t kMaxMistakesOfObject = 5;

std::string_view name_of(ApiKind kind) {
  constexpr std::string_view kNames[] = {"service", "endpointslice", "pod", "node"};
  return kNames[static_cast<std::size_t>(kind)];
}

const Value* member(const Value* map, std::string_view key) {
  if (map == nullptr || map->kind != Value::Kind::kMap) {
    return nullptr;
  }
  for (std::size_t i = 0; i + 1 < map->items.size(); i += 2) {
    if (map->items[i].text == key) {
      return &map->items[i + 1];
    }
  }
  return nullptr;
}

std::string text(const Value* value) {
  return value != nullptr && value->kind == Value::Kind::kScalar ? value->text : "";
}

std::string text(const Value* map, std::string_view key) {
  return text(member(map, key));
}

// A cluster's Services have their endpoints from the slices that its controller makes of the selector.
void take_service(Draft& draft, ApiObject& object) {
  if (draft.services.empty()) {
    return;
  }
  ServiceDraft& one = draft.services.front();
  one.service.selector.reset();
  object.value = ApiService{std::move(one.service), std::make_shared<const PolicyPatch>(std::move(one.policy))};
}

// One endpoint that is wrong is left out and said; the others of its slice serve on.
void take_slice(Draft& draft, ApiObject& object) {
  if (draft.slices.empty()) {
    return;
  }
  object.value = std::move(draft.slices.front());
}

void take_value(ApiKind kind, Draft& draft, ApiObject& object) {
  switch (kind) {
    case ApiKind::kService:
      return take_service(draft, object);
    case ApiKind::kEndpointSlice:
      return take_slice(draft, object);
    case ApiKind::kPod:
      if (!draft.pods.empty()) {
        object.value = std::move(draft.pods.front());
      }
      return;
    case ApiKind::kNode:
      if (!draft.nodes.empty()) {
        object.value = std::move(draft.nodes.front());
      }
      return;
  }
}

ApiObject read_object(const Value& value, ApiKind kind) {
  ApiObject object;
  const Value* metadata = member(&value, "metadata");
  object.resource_version = text(metadata, "resourceVersion");
  const std::string name = text(metadata, "name");
  object.id = kind == ApiKind::kNode ? name : text(metadata, "namespace") + "/" + name;

  Draft draft;
  Cursor::Document document{"", draft.report, ""};
  const Cursor at(document, value);
  constexpr void (*kDecoders[])(const Cursor&, Draft&) = {decode_service, decode_slice, decode_pod, decode_node};
  kDecoders[static_cast<std::size_t>(kind)](at, draft);
  object.notes = draft.report.take_notes();
  const bool clean = draft.report.clean();
  for (Mistake& mistake : draft.report.take_mistakes()) {
    if (object.mistakes.size() < kMaxMistakesOfObject) {
      mistake.at = {};
      object.mistakes.push_back(std::string(name_of(kind)) + " " + object.id + ": " + mistake.to_string());
    }
  }
  if (clean || (kind == ApiKind::kEndpointSlice && !name.empty())) {
    take_value(kind, draft, object);
  }
  return object;
}

template <typename Read>
std::optional<std::string> read_json(std::string_view json, Read read) {
  bool any = false;
  const auto problem = parse_json(json, [&](const Value& value) {
    any = true;
    read(value);
  });
  if (problem) {
    return problem->what;
  }
  return any ? std::nullopt : std::optional<std::string>("this is no JSON: it is empty");
}

ApiStatus status_of(const Value& value) {
  ApiStatus status;
  if (text(&value, "kind") != "Status") {
    return status;
  }
  const std::string code = text(&value, "code");
  std::from_chars(code.data(), code.data() + code.size(), status.code);
  status.reason = text(&value, "reason");
  status.message = text(&value, "message");
  return status;
}

}  // namespace

bool ApiService::operator==(const ApiService& other) const {
  return service == other.service && *policy == *other.policy;
}

std::expected<ApiPage, std::string> read_api_page(std::string_view json, ApiKind kind) {
  ApiPage page;
  bool is_list = false;
  const auto problem = read_json(json, [&](const Value& value) {
    is_list = text(&value, "kind").ends_with("List");
    const Value* metadata = member(&value, "metadata");
    page.resource_version = text(metadata, "resourceVersion");
    page.next = text(metadata, "continue");
    // Go writes an empty list as null.
    const Value* items = member(&value, "items");
    if (items == nullptr || items->kind != Value::Kind::kList) {
      return;
    }
    page.items.reserve(items->items.size());
    for (const Value& item : items->items) {
      page.items.push_back(read_object(item, kind));
    }
  });
  if (problem) {
    return std::unexpected(*problem);
  }
  if (!is_list || page.resource_version.empty()) {
    return std::unexpected("the answer is no list of a Kubernetes API");
  }
  return page;
}

std::expected<ApiEvent, std::string> read_api_event(std::string_view json, ApiKind kind) {
  ApiEvent event;
  bool whole = false;
  const auto problem = read_json(json, [&](const Value& value) {
    const std::string type = text(&value, "type");
    const Value* object = member(&value, "object");
    whole = !type.empty() && object != nullptr && object->kind == Value::Kind::kMap;
    if (!whole) {
      return;
    }
    if (type == "ERROR") {
      event.type = ApiEvent::Type::kError;
      event.status = status_of(*object);
    } else if (type == "ADDED" || type == "MODIFIED" || type == "DELETED") {
      event.type = type == "DELETED" ? ApiEvent::Type::kDeleted : ApiEvent::Type::kChanged;
      event.object = read_object(*object, kind);
    } else {
      event.type = ApiEvent::Type::kBookmark;
      event.object.resource_version =
          type == "BOOKMARK" ? text(member(object, "metadata"), "resourceVersion") : std::string();
    }
  });
  if (problem) {
    return std::unexpected(*problem);
  }
  if (!whole) {
    return std::unexpected("a line of a watch needs a type and an object");
  }
  return event;
}

ApiStatus read_api_status(std::string_view json) {
  ApiStatus status;
  read_json(json, [&](const Value& value) { status = status_of(value); });
  return status;
}

std::string read_api_version(std::string_view json) {
  std::string version;
  read_json(json, [&](const Value& value) { version = text(&value, "gitVersion"); });
  return version;
}

Service with_policy(const ApiService& service, const PolicyPatch* defaults) {
  Service whole = service.service;
  set_policy(whole, defaults == nullptr ? PolicyPatch{} : *defaults, *service.policy);
  return whole;
}

}  // namespace ringway::config
