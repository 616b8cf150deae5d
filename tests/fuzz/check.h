#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace ringway::fuzz {

/// What a fuzzer does with a text that libFuzzer made up; each program has one of its own.
void try_text(std::string_view text);

/// Ends the process, which libFuzzer takes for a finding, where `holds` is false.
inline void promise(bool holds, const char* what) {
  if (!holds) {
    static_cast<void>(std::fprintf(stderr, "broken: %s\n", what));
    std::abort();
  }
}

}  // namespace ringway::fuzz
