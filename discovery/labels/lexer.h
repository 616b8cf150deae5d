#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace ringway::discovery {

enum class TokenKind : std::uint8_t {
  kEnd,
  kIdentifier,
  kComma,
  kOpen,
  kClose,
  kNot,
  kEquals,  ///< `=` and `==`
  kNotEquals,
  kGreater,
  kLess,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string_view text;     ///< into the lexer's text
  std::size_t position = 0;  ///< byte offset of the first byte
};

/// Cuts a selector into tokens as k8s.io/apimachinery's Lexer does: space, tab, CR and LF separate, `= ! ( ) , > <` are
/// special and read by longest match, every other byte belongs to an identifier. `in` and `notin` are identifiers
/// here: only the parser knows where an operator may stand.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { next(); }

  [[nodiscard]] const Token& peek() const { return token_; }
  /// Returns the current token and moves to the next; at the end it stays there.
  Token take();

 private:
  void next();

  std::string_view text_;
  std::size_t at_ = 0;
  Token token_;
};

}  // namespace ringway::discovery
