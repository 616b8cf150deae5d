#include "daemon/url.h"

#include <boost/url.hpp>

namespace ringway::daemon {

namespace {

namespace urls = boost::urls;

constexpr char kDefaultPort[] = "9900";
constexpr std::string_view kUnix = "unix:";

}  // namespace

std::optional<Target> parse_target(std::string_view target) {
  const auto url = urls::parse_origin_form(target);
  if (!url) {
    return std::nullopt;
  }
  Target out;
  out.path = url->path();
  urls::encoding_opts form;
  form.space_as_plus = true;
  for (const auto& parameter : url->params(form)) {
    out.query.emplace(std::string(parameter.key), std::string(parameter.value));
  }
  return out;
}

std::string make_target(const std::string& path, const std::vector<std::pair<std::string, std::string>>& query) {
  urls::url url;
  url.set_path(path);
  for (const auto& [key, value] : query) {
    if (!value.empty()) {
      url.params().append({key, value});
    }
  }
  // "+" would be read as a space, and a parameter may hold one.
  std::string out;
  for (const char c : url.buffer()) {
    out += c == '+' ? std::string("%2B") : std::string(1, c);
  }
  return out;
}

std::optional<AdminUrl> parse_admin_url(const std::string& text) {
  AdminUrl out{.text = text, .unix_path = {}, .host = {}, .port = {}};
  if (text.starts_with(kUnix)) {
    out.unix_path = text.substr(kUnix.size());
    if (out.unix_path.starts_with("//")) {
      out.unix_path.erase(0, 2);
    }
    return out.unix_path.empty() ? std::nullopt : std::optional(out);
  }
  const auto url = urls::parse_uri(text);
  if (!url || url->scheme() != "http" || url->host().empty() || (!url->path().empty() && url->path() != "/")) {
    return std::nullopt;
  }
  out.host = url->host_type() == urls::host_type::ipv6 ? url->host_address() : url->host();
  out.port = url->has_port() ? std::string(url->port()) : kDefaultPort;
  return out;
}

}  // namespace ringway::daemon
