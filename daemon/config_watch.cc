#include "daemon/config_watch.h"

#include <fnmatch.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace ringway::daemon {

namespace {

namespace net = boost::asio;
namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr std::uint32_t kMask =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
/// Every write: looked at within a burst alone, for others may write to files of the folder all day long.
constexpr std::uint32_t kWrites = IN_MODIFY;
constexpr std::uint32_t kFolderGone = IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT;

/// The link that the kubelet swaps when it renews a mounted ConfigMap or Secret.
constexpr std::string_view kDataLink = "..data";

/// What matters in one folder.
struct Interest {
  fs::path folder;
  std::set<std::string> names = {};
  std::set<std::string> patterns = {};  ///< of glob(7)
  bool any = false;                     ///< every file that could be a part of a configuration
};

bool could_be_configuration(std::string_view name) {
  const auto ends = [name](std::string_view tail) { return name.ends_with(tail); };
  return !name.starts_with(".") && (ends(".yaml") || ends(".yml") || ends(".json"));
}

bool is_wanted(const Interest& interest, const std::string& name) {
  return name == kDataLink || interest.names.contains(name) || (interest.any && could_be_configuration(name)) ||
         std::ranges::any_of(interest.patterns, [&name](const std::string& pattern) {
           return fnmatch(pattern.c_str(), name.c_str(), FNM_PERIOD) == 0;
         });
}

/// A file that was only created says nothing yet: its writer closes it later. A link is whole at once.
bool is_link(const fs::path& path) {
  std::error_code error;
  return fs::is_symlink(path, error) || fs::is_directory(path, error) || fs::hard_link_count(path, error) > 1;
}

}  // namespace

class ConfigWatch::Impl : public std::enable_shared_from_this<ConfigWatch::Impl> {
 public:
  Impl(const net::any_io_executor& executor, int fd, Pace pace, std::function<void()> changed)
      : inotify_(executor, fd), timer_(executor), pace_(pace), changed_(std::move(changed)) {}

  void start() { read(); }

  void stop() {
    stopped_ = true;
    boost::system::error_code ignored;
    inotify_.close(ignored);
    timer_.cancel();
  }

  std::vector<std::string> watch(const config::Watchlist& watchlist) {
    Wanted wanted;
    std::set<fs::path> known;
    for (const auto& file : watchlist.files) {
      want_file(wanted, file);
      want_links(wanted, known, file);
      std::error_code error;
      if (const auto real = fs::canonical(file, error); !error) {
        want_file(wanted, real);
      }
    }
    for (const auto& folder : watchlist.folders) {
      want_links(wanted, known, folder);
      if (Interest* interest = want_folder(wanted, folder)) {
        interest->any = true;
      }
    }
    for (const auto& [folder, pattern] : watchlist.names) {
      want_links(wanted, known, folder);
      if (Interest* interest = want_folder(wanted, folder)) {
        interest->patterns.insert(pattern);
      }
    }
    return apply(wanted);
  }

 private:
  using Wanted = std::map<fs::path, Interest>;

  static void want_file(Wanted& wanted, const fs::path& file) {
    if (Interest* interest = want_folder(wanted, file.parent_path().empty() ? "." : file.parent_path())) {
      interest->names.insert(file.filename().string());
    }
  }

  /// Each link that `path` leads through, and what a link names, by its name in its folder. `known` are the paths that
  /// were looked at, so links that lead in a circle end.
  static void want_links(Wanted& wanted, std::set<fs::path>& known, const fs::path& path) {
    std::error_code error;
    fs::path above;
    for (const fs::path& part : fs::absolute(path, error)) {
      const fs::path here = above / part;
      if (known.insert(here).second && fs::is_symlink(here, error)) {
        want_file(wanted, here);
        // What is above may be a link itself, and its `..` is that of the folder behind it.
        const fs::path target = fs::canonical(above, error) / fs::read_symlink(here, error);
        want_file(wanted, target);
        want_links(wanted, known, target);
      }
      above = here;
    }
  }

  /// The entry of `folder`, or null where it does not exist: then the nearest existing one above it waits for it.
  static Interest* want_folder(Wanted& wanted, const fs::path& folder) {
    std::error_code error;
    fs::path existing = fs::absolute(folder, error).lexically_normal();
    if (!existing.has_filename() && existing.has_relative_path()) {
      existing = existing.parent_path();
    }
    std::optional<std::string> missing;
    while (!fs::is_directory(existing, error) && existing.has_relative_path()) {
      missing = existing.filename().string();
      existing = existing.parent_path();
    }
    Interest& interest = wanted[existing];
    interest.folder = existing;
    if (missing) {
      interest.names.insert(*missing);
      return nullptr;
    }
    return &interest;
  }

  std::vector<std::string> apply(const Wanted& wanted) {
    std::vector<std::string> failures;
    std::map<int, Interest> now;
    for (const auto& [folder, interest] : wanted) {
      const int watched = inotify_add_watch(inotify_.native_handle(), folder.c_str(), mask());
      if (watched < 0) {
        failures.push_back(proxy::system_error(errno, "watching " + folder.string()).context);
        continue;
      }
      // Two paths of one folder share one watch.
      Interest& entry = now[watched];
      entry.folder = folder;
      entry.any = entry.any || interest.any;
      entry.names.insert(interest.names.begin(), interest.names.end());
      entry.patterns.insert(interest.patterns.begin(), interest.patterns.end());
    }
    for (const auto& [watched, interest] : interests_) {
      if (!now.contains(watched)) {
        inotify_rm_watch(inotify_.native_handle(), watched);
      }
    }
    interests_ = std::move(now);
    return failures;
  }

  void read() {
    inotify_.async_read_some(net::buffer(buffer_), [self = shared_from_this()](const auto& error, std::size_t size) {
      if (self->stopped_ || error) {
        return;
      }
      if (self->holds_news(size)) {
        self->postpone();
      }
      self->read();
    });
  }

  /// Whether one of the events in the first `size` bytes of the buffer matters.
  bool holds_news(std::size_t size) {
    bool news = false;
    for (std::size_t at = 0; at + sizeof(inotify_event) <= size;) {
      inotify_event event{};
      std::memcpy(&event, buffer_.data() + at, sizeof(event));
      const char* name = event.len > 0 ? buffer_.data() + at + sizeof(event) : "";
      at += sizeof(event) + event.len;
      news = matters(event, name) || news;
    }
    return news;
  }

  bool matters(const inotify_event& event, const std::string& name) {
    if ((event.mask & IN_Q_OVERFLOW) != 0) {
      return true;
    }
    const auto found = interests_.find(event.wd);
    if (found == interests_.end()) {
      return false;
    }
    if ((event.mask & kFolderGone) != 0) {
      if ((event.mask & IN_IGNORED) != 0) {
        interests_.erase(found);
      }
      return true;
    }
    const Interest& interest = found->second;
    const bool named = is_wanted(interest, name);
    if ((event.mask & kWrites) != 0) {
      return named && burst_;
    }
    return named && ((event.mask & IN_CREATE) == 0 || is_link(interest.folder / name));
  }

  [[nodiscard]] std::uint32_t mask() const { return burst_ ? kMask | kWrites : kMask; }

  /// Brings `mask` to all folders.
  void update_masks() {
    for (const auto& [watched, interest] : interests_) {
      const int again = inotify_add_watch(inotify_.native_handle(), interest.folder.c_str(), mask());
      // Another folder has come to its place, which the next `watch` sees to.
      if (again >= 0 && !interests_.contains(again)) {
        inotify_rm_watch(inotify_.native_handle(), again);
      }
    }
  }

  void postpone() {
    const auto now = steady_clock::now();
    if (!burst_) {
      burst_ = now;
      update_masks();
    }
    timer_.expires_at(std::min(now + pace_.quiet, *burst_ + pace_.longest));
    timer_.async_wait([self = shared_from_this()](const auto& error) {
      if (error || self->stopped_) {
        return;
      }
      self->burst_.reset();
      self->update_masks();
      self->changed_();
    });
  }

  net::posix::stream_descriptor inotify_;
  net::steady_timer timer_;
  Pace pace_;
  std::function<void()> changed_;
  std::map<int, Interest> interests_;
  std::optional<steady_clock::time_point> burst_;
  alignas(inotify_event) std::array<char, 16 * 1024> buffer_{};
  bool stopped_ = false;
};

proxy::Result<std::unique_ptr<ConfigWatch>> ConfigWatch::start(const net::any_io_executor& executor, Pace pace,
                                                               std::function<void()> changed) {
  const int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) {
    return std::unexpected(proxy::system_error(errno, "inotify_init1 (see fs.inotify.max_user_instances)"));
  }
  auto impl = std::make_shared<Impl>(executor, fd, pace, std::move(changed));
  impl->start();
  return std::unique_ptr<ConfigWatch>(new ConfigWatch(std::move(impl)));
}

ConfigWatch::ConfigWatch(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
ConfigWatch::~ConfigWatch() {
  impl_->stop();
}

std::vector<std::string> ConfigWatch::watch(const config::Watchlist& watchlist) {
  return impl_->watch(watchlist);
}

}  // namespace ringway::daemon
