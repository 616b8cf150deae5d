#pragma once

#include <filesystem>
#include <string>

namespace ringway::test {

/// The image that every engine under test has: busybox, made here from the Debian package busybox-static.
inline constexpr const char* kImage = "local/busybox:1";

/// Writes the image's file system as a tar into `folder` and returns its path, for `docker import` and `podman import`.
std::filesystem::path write_image_tar(const std::filesystem::path& folder);

}  // namespace ringway::test
