#include "discovery/labels/parser.h"

#include <algorithm>
#include <string>
#include <utility>

#include "discovery/labels/lexer.h"
#include "discovery/labels/requirement.h"

namespace ringway::discovery {
namespace {

using Values = std::expected<std::vector<std::string>, SelectorError>;

std::unexpected<SelectorError> unexpected_token(const Token& token, std::string_view wanted) {
  const std::string found = token.kind == TokenKind::kEnd ? "the end" : "'" + std::string(token.text) + "'";
  return std::unexpected(SelectorError{token.position, "found " + found + ", expected " + std::string(wanted)});
}

std::expected<Operator, SelectorError> parse_operator(const Token& token) {
  switch (token.kind) {
    case TokenKind::kEquals:
      return Operator::kEquals;
    case TokenKind::kNotEquals:
      return Operator::kNotEquals;
    case TokenKind::kGreater:
      return Operator::kGreaterThan;
    case TokenKind::kLess:
      return Operator::kLessThan;
    case TokenKind::kIdentifier:
      if (token.text == "in") {
        return Operator::kIn;
      }
      if (token.text == "notin") {
        return Operator::kNotIn;
      }
      [[fallthrough]];
    default:
      return unexpected_token(token, "one of = == != > < in notin, ',' or the end");
  }
}

// A blank stands for the empty value, so `()` holds one value and `(,)` the same one twice.
Values parse_set(Lexer& lexer) {
  if (const Token open = lexer.take(); open.kind != TokenKind::kOpen) {
    return unexpected_token(open, "'('");
  }
  std::vector<std::string> values;
  while (true) {
    const bool blank = lexer.peek().kind != TokenKind::kIdentifier;
    values.emplace_back(blank ? std::string_view{} : lexer.take().text);
    const Token after = lexer.take();
    if (after.kind == TokenKind::kClose) {
      break;
    }
    if (after.kind != TokenKind::kComma) {
      return unexpected_token(after, blank ? "a value, ',' or ')'" : "',' or ')'");
    }
  }
  std::ranges::sort(values);
  values.erase(std::ranges::unique(values).begin(), values.end());
  return values;
}

Values parse_exact(Lexer& lexer) {
  const Token& token = lexer.peek();
  if (token.kind == TokenKind::kEnd || token.kind == TokenKind::kComma) {
    return std::vector<std::string>{""};
  }
  if (token.kind != TokenKind::kIdentifier) {
    return unexpected_token(token, "a value");
  }
  return std::vector<std::string>{std::string(lexer.take().text)};
}

bool ends_requirement(const Token& token) {
  return token.kind == TokenKind::kEnd || token.kind == TokenKind::kComma;
}

std::expected<Requirement, SelectorError> parse_requirement(Lexer& lexer) {
  const std::size_t position = lexer.peek().position;
  Requirement requirement;
  if (lexer.peek().kind == TokenKind::kNot) {
    lexer.take();
    requirement.op = Operator::kDoesNotExist;
  }
  const Token key = lexer.take();
  if (key.kind != TokenKind::kIdentifier) {
    return unexpected_token(key, "a label key");
  }
  requirement.key = key.text;
  if (requirement.op != Operator::kDoesNotExist && !ends_requirement(lexer.peek())) {
    const auto op = parse_operator(lexer.take());
    if (!op) {
      return std::unexpected(op.error());
    }
    requirement.op = *op;
    const bool set = *op == Operator::kIn || *op == Operator::kNotIn;
    Values values = set ? parse_set(lexer) : parse_exact(lexer);
    if (!values) {
      return std::unexpected(values.error());
    }
    requirement.values = std::move(*values);
  }
  if (std::string what = check(requirement); !what.empty()) {
    return std::unexpected(SelectorError{position, std::move(what)});
  }
  return requirement;
}

}  // namespace

std::expected<std::vector<Requirement>, SelectorError> parse_requirements(std::string_view text) {
  Lexer lexer(text);
  std::vector<Requirement> requirements;
  if (lexer.peek().kind == TokenKind::kEnd) {
    return requirements;
  }
  while (true) {
    auto requirement = parse_requirement(lexer);
    if (!requirement) {
      return std::unexpected(requirement.error());
    }
    requirements.push_back(std::move(*requirement));
    const Token after = lexer.take();
    if (after.kind == TokenKind::kEnd) {
      return requirements;
    }
    if (after.kind != TokenKind::kComma) {
      return unexpected_token(after, "',' or the end");
    }
  }
}

}  // namespace ringway::discovery
