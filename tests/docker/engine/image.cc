#include "tests/docker/engine/image.h"

#include "tests/docker/engine/command.h"

namespace ringway::test {

std::filesystem::path write_image_tar(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  const auto root = folder / "rootfs";
  for (const auto* name : {"bin", "www", "tmp", "etc", "proc", "dev", "sys", "run"}) {
    fs::create_directories(root / name);
  }
  fs::copy_file("/bin/busybox", root / "bin/busybox", fs::copy_options::overwrite_existing);
  for (const auto* name : {"sh", "httpd", "sleep", "echo", "test", "touch", "rm", "kill", "nc", "cat", "true"}) {
    fs::remove(root / "bin" / name);
    fs::create_symlink("busybox", root / "bin" / name);
  }
  auto tar = folder / "image.tar";
  run_command({"tar", "-C", root.string(), "-cf", tar.string(), "."});
  return tar;
}

}  // namespace ringway::test
