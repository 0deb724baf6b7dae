// One line in, one line out, in the same order.
#include <cstring>

#include <fmt/format.h>

#include "server/base/limits.h"
#include "server/handlers/coprocess/protocol.h"

namespace sluice::handlers {
namespace {

class LineReader final : public AnswerReader {
 public:
  explicit LineReader(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  std::optional<Nonsense> read(std::string_view bytes, std::vector<Answer>& answers) override {
    while (!bytes.empty()) {
      const auto end = bytes.find('\n');
      if (auto nonsense = take(bytes.substr(0, end))) return nonsense;
      if (end == bytes.npos) break;
      answers.push_back(ended());
      bytes.remove_prefix(end + 1);
    }
    return std::nullopt;
  }

 private:
  std::optional<Nonsense> take(std::string_view part) {
    if (!discarding() && line_.size() + part.size() <= max_bytes_) {
      line_ += part;
      return std::nullopt;
    }
    discarded_ += line_.size() + part.size();
    line_ = {};
    if (discarded_ <= limits::kMaxDiscardedBytes) return std::nullopt;
    return Nonsense{.reason = model::failure_reason::kOutputTooLarge,
                    .item = std::nullopt,
                    .message = fmt::format("wrote {} bytes without a line feed", discarded_)};
  }

  // The line that now is complete.
  Answer ended() {
    if (discarding()) {
      discarded_ = 0;
      return {.item = std::nullopt, .outcome = too_large(max_bytes_)};
    }
    std::vector<Output> outputs;
    outputs.push_back({.payload = std::exchange(line_, {}), .attributes = std::nullopt});
    return {.item = std::nullopt, .outcome = std::move(outputs)};
  }

  [[nodiscard]] bool discarding() const { return discarded_ > 0; }

  const std::size_t max_bytes_;
  std::string line_;
  std::size_t discarded_ = 0;  // of a line that is too long
};

class Lines final : public Protocol {
 public:
  [[nodiscard]] std::optional<Error> objection(const Input& input) const override {
    const auto at = input.payload().find('\n');
    if (at == std::string_view::npos) return std::nullopt;
    Error error;
    error.failure.reason = model::failure_reason::kBadPayload;
    error.failure.message = fmt::format(
        "the payload has a line feed at byte {}, and this coprocess takes one line for each item; use the protocol \"frames\"",
        at);
    error.do_not_retry = true;
    return error;
  }
  void append_item(const Input& input, std::string& to) const override {
    to += input.payload();
    to += '\n';
  }
  [[nodiscard]] std::unique_ptr<AnswerReader> reader(std::size_t max_output_bytes) const override {
    return std::make_unique<LineReader>(max_output_bytes);
  }
};

}  // namespace

const Protocol& lines() {
  static const Lines protocol;
  return protocol;
}

}  // namespace sluice::handlers
