#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "config/draft.h"
#include "config/suggest.h"

namespace ringway::config {
namespace {

struct Kind {
  std::string_view name;
  std::string_view api_version;
  void (*decode)(const Cursor&, Draft&);  ///< null for List
};

constexpr std::array<Kind, 6> kKinds = {{{"Ringway", "ringway/v1", decode_ringway},
                                         {"Service", "v1", decode_service},
                                         {"Pod", "v1", decode_pod},
                                         {"EndpointSlice", "discovery.k8s.io/v1", decode_slice},
                                         {"Node", "v1", decode_node},
                                         {"List", "v1", nullptr}}};
constexpr std::array<std::string_view, 6> kKindNames = {"Ringway", "Service", "Pod", "EndpointSlice", "Node", "List"};
constexpr std::string_view kListSuffix = "List";

const Kind* find_kind(std::string_view name) {
  const auto found = std::ranges::find(kKinds, name, &Kind::name);
  return found == kKinds.end() ? nullptr : &*found;
}

// A slip of the hand, not another kind of Kubernetes': Role is no Node, and Job no Pod.
std::string_view misspelt(std::string_view kind) {
  const auto slip = [&](std::string_view known) { return edit_distance(kind, known) <= (known.size() > 4 ? 2U : 1U); };
  const auto found = std::ranges::find_if(kKindNames, slip);
  return found == kKindNames.end() ? "" : *found;
}

void decode_as(const Cursor& document, std::string_view name, const Kind* inherited, Draft& draft);

// The items of `kubectl get -o yaml` carry their kind, those of the API itself do not.
void decode_items(const Cursor& document, const Kind* item_kind, Draft& draft) {
  document.expect_map();
  const Cursor items = document["items"];
  Cursor::Document& whole = document.document();
  const auto entries = items.list();
  const std::size_t steps = whole.steps.size();
  for (const Cursor& item : entries) {
    if (!item.is_map()) {
      item.fail("an item must be a mapping with apiVersion and kind");
    } else {
      decode_as(item, item["kind"].string().value_or(item_kind == nullptr ? "" : std::string(item_kind->name)),
                item_kind, draft);
    }
    whole.forget_steps(steps);
  }
}

bool check_api_version(const Cursor& document, std::string_view kind, std::string_view allowed, bool optional) {
  const Cursor at = document["apiVersion"];
  const auto version = at.string();
  if (version == allowed || (optional && !at.present())) {
    return true;
  }
  if (!at.present()) {
    at.fail("kind " + std::string(kind) + " needs apiVersion: " + std::string(allowed));
  } else if (version) {
    at.check("kind " + std::string(kind) + " needs apiVersion: " + std::string(allowed));
  }
  return false;
}

// `ServiceList` and the like. Null where `name` is no list of a kind that is known.
const Kind* kind_of_list(std::string_view name) {
  if (!name.ends_with(kListSuffix) || name == kListSuffix) {
    return nullptr;
  }
  return find_kind(name.substr(0, name.size() - kListSuffix.size()));
}

void decode_as(const Cursor& document, std::string_view name, const Kind* inherited, Draft& draft) {
  const Cursor at = document["kind"];
  if (name.empty()) {
    if (!at.present() || (at.is_scalar() && at.raw().empty())) {
      at.fail("a kind is needed, one of " + list_of(kKindNames));
    }
    return;
  }
  if (const Kind* kind = find_kind(name)) {
    if (!check_api_version(document, kind->name, kind->api_version, kind == inherited)) {
      return;
    }
    if (kind->decode == nullptr) {
      decode_items(document, nullptr, draft);
    } else {
      kind->decode(document, draft);
    }
    return;
  }
  if (const Kind* kind = kind_of_list(name)) {
    if (check_api_version(document, name, kind->api_version, false)) {
      decode_items(document, kind, draft);
    }
    return;
  }
  if (const std::string_view meant = misspelt(name); !meant.empty()) {
    at.check("unknown kind, did you mean " + std::string(meant) + "?");
    return;
  }
  draft.report.ignored(document.position().file, std::string(name.substr(0, 80)));
}

}  // namespace

void decode_document(const Cursor& document, Draft& draft) {
  if (!document.mentioned() || !document.present()) {
    return;
  }
  if (!document.is_map()) {
    document.fail("a document must be a mapping with apiVersion and kind, one of " + list_of(kKindNames));
    return;
  }
  document.refuse_duplicate_keys();
  decode_as(document, document["kind"].string().value_or(""), nullptr, draft);
}

}  // namespace ringway::config
