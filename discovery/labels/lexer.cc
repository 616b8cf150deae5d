#include "discovery/labels/lexer.h"

namespace ringway::discovery {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kSpecial = "=!(),><";
constexpr std::string_view kSeparators = " \t\r\n=!(),><";

TokenKind kind_of(std::string_view symbol) {
  if (symbol == "!=") {
    return TokenKind::kNotEquals;
  }
  switch (symbol.front()) {
    case '!':
      return TokenKind::kNot;
    case '(':
      return TokenKind::kOpen;
    case ')':
      return TokenKind::kClose;
    case ',':
      return TokenKind::kComma;
    case '>':
      return TokenKind::kGreater;
    case '<':
      return TokenKind::kLess;
    default:
      return TokenKind::kEquals;
  }
}

}  // namespace

Token Lexer::take() {
  const Token taken = token_;
  next();
  return taken;
}

void Lexer::next() {
  at_ = text_.find_first_not_of(kSpace, at_);
  if (at_ == std::string_view::npos) {
    at_ = text_.size();
  }
  const std::string_view rest = text_.substr(at_);
  if (rest.empty()) {
    token_ = {TokenKind::kEnd, rest, at_};
    return;
  }
  if (kSpecial.find(rest.front()) != std::string_view::npos) {
    const bool two = rest.starts_with("==") || rest.starts_with("!=");
    const std::string_view symbol = rest.substr(0, two ? 2 : 1);
    token_ = {kind_of(symbol), symbol, at_};
  } else {
    token_ = {TokenKind::kIdentifier, rest.substr(0, rest.find_first_of(kSeparators)), at_};
  }
  at_ += token_.text.size();
}

}  // namespace ringway::discovery
