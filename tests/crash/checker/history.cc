#include "tests/crash/checker/history.h"

#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sluice::crash {
namespace {

constexpr std::array kKinds = {"put",  "get",   "complete", "fail",   "release", "close",   "join",
                               "look", "crash", "restart",  "stored", "cancel",  "outcome", "audit"};
constexpr std::array kFounds = {"", "waiting", "held", "gone", "no such item"};
constexpr std::array kJobEnds = {"running", "succeeded", "failed", "cancelled", "expired", "otherwise"};
constexpr std::array kOutcomes = {"unknown", "ok", "refused"};

std::string to_text(const JobTold& told) {
  return fmt::format(" <job {} {}{}{}>", told.job, kJobEnds.at(static_cast<std::size_t>(told.end)),
                     told.results.empty() ? "" : " ", fmt::join(told.results, " "));
}

std::string to_text(const BatchTold& told) {
  return fmt::format(" <batch {} {}: {} succeeded, {} failed{}{}>", told.batch, told.ended ? "ended" : "goes on",
                     told.succeeded, told.failed, told.callback_error.empty() ? "" : "; ", told.callback_error);
}

std::string to_text(const Counted& counted) {
  return fmt::format(" <{}: {} put, {} unfinished, {} done, {} dead-lettered, {} expired, {} cancelled, {} discarded>",
                     counted.queue, counted.put, counted.unfinished, counted.done, counted.dead_lettered, counted.expired,
                     counted.cancelled, counted.discarded);
}

}  // namespace

std::string to_text(const Operation& operation) {
  const std::string end = operation.end == kNever ? "-" : std::to_string(operation.end);
  std::string line = fmt::format("{}..{} {}..{}us {} {} {} {}", operation.begin, end, operation.began, operation.ended,
                                 operation.actor, kKinds.at(static_cast<std::size_t>(operation.kind)), operation.queue,
                                 kOutcomes.at(static_cast<std::size_t>(operation.outcome)));
  for (const Delivery& each : operation.deliveries) {
    line += fmt::format(" [{} item {} token {} attempt {}]", each.value, each.item, each.token, each.attempt);
  }
  for (const Piece& piece : operation.pieces) {
    line += fmt::format(" {}:{}", piece.queue, piece.value);
    if (piece.item != 0) line += fmt::format("={}", piece.item);
    if (!piece.dedup_key.empty()) line += fmt::format(" once as {} in {}us", piece.dedup_key, piece.dedup_window);
    if (!piece.unique_key.empty()) line += " alone as " + piece.unique_key;
    if (!piece.order_key.empty()) line += " in order of " + piece.order_key;
    if (piece.time_to_live != 0) line += fmt::format(" for {}us", piece.time_to_live);
  }
  for (const Piece& piece : operation.callback) line += fmt::format(" then {}:{}", piece.queue, piece.value);
  for (const JobTold& told : operation.jobs) line += to_text(told);
  for (const BatchTold& told : operation.batches) line += to_text(told);
  for (const Counted& counted : operation.counted) line += to_text(counted);
  if (operation.kind == Kind::kCancel) line += fmt::format(" {}", kFounds.at(static_cast<std::size_t>(operation.found)));
  if (operation.batch != 0) line += fmt::format(" batch {}", operation.batch);
  if (operation.kind == Kind::kLook) line += fmt::format(" depth {} unfinished {}", operation.depth, operation.unfinished);
  if (operation.submitted) line += " submitted";
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
