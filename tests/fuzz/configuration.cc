#include "config/load.h"
#include "tests/fuzz/check.h"

namespace ringway::fuzz {

/// A configuration is right, or has mistakes that a person can find.
void try_text(std::string_view text) {
  const auto loaded = config::load_text(text, "fuzz.yaml");
  if (!loaded) {
    promise(!loaded.error().empty(), "what is refused has a mistake");
    for (const auto& mistake : loaded.error()) {
      promise(!mistake.to_string().empty(), "a mistake has words");
    }
  }
}

}  // namespace ringway::fuzz
