#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <exception>
#include <istream>
#include <streambuf>
#include <utility>

#include "config/limits.h"
#include "config/parse.h"

namespace ringway::config {
namespace {

// Thrown through yaml-cpp, which knows no other way to stop.
struct Stopped {};

// Hands the text out in small pieces and ends it where the scanner reads too far ahead of its events.
class MeteredText : public std::streambuf {
 public:
  explicit MeteredText(std::string_view text) : rest_(text) {}

  void event() { since_event_ = 0; }
  [[nodiscard]] bool exceeded() const { return exceeded_; }

 protected:
  int_type underflow() override {
    if (since_event_ > kMaxYamlLookahead) {
      exceeded_ = true;
    }
    if (rest_.empty() || exceeded_) {
      return traits_type::eof();
    }
    const std::string_view piece = rest_.substr(0, kPieceBytes);
    rest_.remove_prefix(piece.size());
    since_event_ += piece.size();
    // streambuf wants char*, but nothing puts back or writes here.
    char* begin = const_cast<char*>(piece.data());  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    setg(begin, begin, begin + piece.size());
    return traits_type::to_int_type(*begin);
  }

 private:
  static constexpr std::size_t kPieceBytes = 4096;
  std::string_view rest_;
  std::size_t since_event_ = 0;
  bool exceeded_ = false;
};

TreeBuilder::Place place_of(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

// Whether the quoted scalar at `start` ends: yaml-cpp takes the rest of the text where a line break is its last byte.
bool is_closed(std::string_view text, std::size_t start) {
  if (start >= text.size() || (text[start] != '"' && text[start] != '\'')) {
    return true;
  }
  const char quote = text[start];
  for (std::size_t i = start + 1; i < text.size(); ++i) {
    const bool doubled = quote == '\'' && text.substr(i).starts_with("''");
    const bool escape = quote == '"' && text[i] == '\\';
    if (text[i] == quote && !doubled) {
      return true;
    }
    i += doubled || escape ? 1 : 0;
  }
  return false;
}

// Builds values of yaml-cpp's events, and stops where yaml-cpp would not.
class Handler : public YAML::EventHandler {
 public:
  Handler(std::string_view text, MeteredText& metered) : text_(text), metered_(metered) {}

  TreeBuilder& builder() { return builder_; }
  [[nodiscard]] const YAML::Mark& last() const { return last_; }
  [[nodiscard]] const std::optional<ParseProblem>& problem() const { return problem_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    // At a stray `,`, `]` or `}` yaml-cpp tells of one empty document after the other and never moves on.
    if (mark.pos == document_start_) {
      stop({mark.line + 1, mark.column + 1, "this is no YAML: no document begins like this", false});
    }
    document_start_ = mark.pos;
    note(mark, true);
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    note(mark, builder_.null(place_of(mark), anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    note(mark, builder_.alias(place_of(mark), anchor));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    // yaml-cpp's tags: "?" for a plain scalar, "!" for a quoted or block one.
    const bool plain = tag != "!" && tag != "tag:yaml.org,2002:str";
    if (!plain && !is_closed(text_, static_cast<std::size_t>(mark.pos))) {
      stop({mark.line + 1, mark.column + 1, "this is no YAML: the quote is never closed", false});
    }
    note(mark, builder_.scalar(place_of(mark), value, plain, anchor));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    note(mark, builder_.open(place_of(mark), Value::Kind::kList, anchor));
  }
  void OnSequenceEnd() override { note(last_, builder_.close()); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    note(mark, builder_.open(place_of(mark), Value::Kind::kMap, anchor));
  }
  void OnMapEnd() override { note(last_, builder_.close()); }

 private:
  void note(const YAML::Mark& mark, bool accepted) {
    last_ = mark;
    metered_.event();
    if (!accepted) {
      stop(*builder_.problem());
    }
  }

  [[noreturn]] void stop(ParseProblem problem) {
    problem_ = std::move(problem);
    throw Stopped{};
  }

  std::string_view text_;
  MeteredText& metered_;
  TreeBuilder builder_;
  YAML::Mark last_;
  int document_start_ = -1;
  std::optional<ParseProblem> problem_;
};

ParseProblem too_long(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1,
          "one value is longer than " + std::to_string(kMaxYamlLookahead >> 20) +
              " MiB; where this is JSON, name the file *.json",
          true};
}

ParseProblem no_yaml(const YAML::Mark& mark, const std::string& why) {
  return {mark.line + 1, mark.column + 1, "this is no YAML: " + why, false};
}

std::optional<ParseProblem> run(MeteredText& metered, Handler& handler, const OnDocument& on_document) {
  try {
    std::istream stream(&metered);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(handler) && !metered.exceeded()) {
      on_document(handler.builder().take());
    }
    return std::nullopt;
  } catch (const Stopped&) {
    return handler.problem();
  } catch (const YAML::Exception& error) {
    return no_yaml(error.mark.is_null() ? handler.last() : error.mark, error.msg);
  } catch (const std::exception& error) {
    return no_yaml(handler.last(), error.what());
  }
}

}  // namespace

std::optional<ParseProblem> parse_yaml(std::string_view text, const OnDocument& on_document) {
  MeteredText metered(text);
  Handler handler(text, metered);
  auto problem = run(metered, handler, on_document);
  // Whatever else went wrong then is only what the cut text looks like.
  return metered.exceeded() ? too_long(handler.last()) : std::move(problem);
}

}  // namespace ringway::config
