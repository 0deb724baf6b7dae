#include "tests/crash/checker/history.h"

#include <array>

#include <fmt/format.h>

namespace sluice::crash {
namespace {

constexpr std::array kKinds = {"put",  "get",  "complete", "fail",    "release", "close",
                               "join", "look", "crash",    "restart", "stored"};
constexpr std::array kOutcomes = {"unknown", "ok", "refused"};

}  // namespace

std::string to_text(const Operation& operation) {
  const std::string end = operation.end == kNever ? "-" : std::to_string(operation.end);
  std::string line = fmt::format("{}..{} {}..{}us {} {} {} {}", operation.begin, end, operation.began, operation.ended,
                                 operation.actor, kKinds.at(static_cast<std::size_t>(operation.kind)), operation.queue,
                                 kOutcomes.at(static_cast<std::size_t>(operation.outcome)));
  for (const Delivery& each : operation.deliveries) {
    line += fmt::format(" [{} item {} token {} attempt {}]", each.value, each.item, each.token, each.attempt);
  }
  for (const Piece& piece : operation.pieces) line += fmt::format(" {}:{}", piece.queue, piece.value);
  if (operation.kind == Kind::kLook) line += fmt::format(" depth {} unfinished {}", operation.depth, operation.unfinished);
  if (operation.streamed) line += " streamed";
  if (operation.owed) line += " owed";
  if (!operation.error.empty()) line += " (" + operation.error + ")";
  return line;
}

std::string to_text(const History& history) {
  std::string text;
  for (const Operation& operation : history) text += to_text(operation) + "\n";
  return text;
}

}  // namespace sluice::crash
