#include "discovery/source/docker_container.h"
#include "discovery/source/docker_event.h"
#include "discovery/source/docker_version.h"
#include "tests/fuzz/check.h"

namespace ringway::fuzz {

/// What an engine answers, to whichever question.
void try_text(std::string_view text) {
  if (const auto container = discovery::parse_docker_container(text)) {
    promise(discovery::is_container_id(container->id), "a container has an id that may stand in a request");
    static_cast<void>(discovery::workload_of(*container, nullptr, "bridge"));
    static_cast<void>(discovery::workload_of(*container, &*container, ""));
  }
  if (const auto ids = discovery::parse_docker_list(text)) {
    for (const std::string& id : *ids) {
      promise(discovery::is_container_id(id), "a list has ids that may stand in a request");
    }
  }
  const auto event = discovery::parse_docker_event(text);
  promise(event.has_value() || !event.error().empty(), "a refused event has words");
}

}  // namespace ringway::fuzz
