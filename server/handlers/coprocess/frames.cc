// A line that says what comes, then the bytes.
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "server/base/limits.h"
#include "server/handlers/coprocess/protocol.h"
#include "server/handlers/utf8.h"

namespace sluice::handlers {
namespace {

using nlohmann::json;

// The attributes of one output as JSON, which may write each byte in six.
constexpr std::size_t kMaxAttributeText = 8 * limits::kMaxAttributeBytes;

struct Size {
  std::size_t payload = 0;
  std::optional<std::size_t> attributes;

  [[nodiscard]] std::size_t sum() const { return payload + attributes.value_or(0); }
};

enum class Verdict { kOk, kError, kReject, kProgress };

// "17 ok 5+20 3" and its like.
struct Head {
  model::ItemId item{};
  Verdict verdict{};
  std::vector<Size> sizes;
  std::size_t bytes = 0;           // that follow the line
  std::optional<double> fraction;  // of kProgress

  // What follows is no output, but one text at most.
  [[nodiscard]] bool is_message() const { return sizes.size() == 1 && !sizes.front().attributes; }
};

// Takes the next word off the front; words have one space between them.
std::string_view next_word(std::string_view& line) {
  const auto word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), word.size() + 1));
  return word;
}

template <class Number>
bool parse(std::string_view text, Number& number) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
}

std::optional<Size> parse_size(std::string_view word) {
  // Sums of them stay far from where numbers end.
  constexpr std::size_t kMost = std::size_t{1} << 40U;
  Size size;
  const auto plus = word.find('+');
  if (!parse(word.substr(0, plus), size.payload) || size.payload > kMost) return std::nullopt;
  if (plus == word.npos) return size;
  if (!parse(word.substr(plus + 1), size.attributes.emplace()) || *size.attributes > kMost) return std::nullopt;
  return size;
}

// "0.4", or "-" where nobody knows. False if it is neither.
bool parse_fraction(std::string_view word, std::optional<double>& fraction) {
  if (word == "-") return true;
  return parse(word, fraction.emplace()) && std::isfinite(*fraction);
}

std::optional<Head> parse_head(std::string_view line) {
  Head head;
  std::uint64_t item = 0;
  if (!parse(next_word(line), item)) return std::nullopt;
  head.item = model::ItemId{item};
  const auto verdict = next_word(line);
  if (verdict == "ok") {
    head.verdict = Verdict::kOk;
  } else if (verdict == "error") {
    head.verdict = Verdict::kError;
  } else if (verdict == "reject") {
    head.verdict = Verdict::kReject;
  } else if (verdict == "progress") {
    head.verdict = Verdict::kProgress;
    if (!parse_fraction(next_word(line), head.fraction)) return std::nullopt;
  } else {
    return std::nullopt;
  }
  while (!line.empty()) {
    const auto size = parse_size(next_word(line));
    if (!size) return std::nullopt;
    head.sizes.push_back(*size);
    head.bytes += size->sum();
  }
  const bool is_progress = head.verdict == Verdict::kProgress;
  if (is_progress && head.sizes.empty()) return head;
  if (head.verdict != Verdict::kOk && !head.is_message()) return std::nullopt;
  if (is_progress && head.bytes > limits::kMaxProgressBytes) return std::nullopt;
  return head;
}

// None if it is no object of texts.
std::optional<model::Attributes> parse_attributes(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  model::Attributes attributes;  // an object of nlohmann's is sorted
  for (const auto& [key, value] : object.items()) {
    if (!value.is_string()) return std::nullopt;
    attributes.emplace_back(key, value.get<std::string>());
  }
  return attributes;
}

class FrameReader final : public AnswerReader {
 public:
  explicit FrameReader(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  std::optional<Nonsense> read(std::string_view bytes, std::vector<Answer>& answers) override {
    if (rest_.empty()) {
      auto nonsense = consume(bytes, answers);
      rest_ = bytes;
      return nonsense;
    }
    rest_ += bytes;
    std::string_view view = rest_;
    auto nonsense = consume(view, answers);
    rest_.erase(0, rest_.size() - view.size());
    return nonsense;
  }

 private:
  // Takes what is complete off the front.
  std::optional<Nonsense> consume(std::string_view& bytes, std::vector<Answer>& answers) {
    while (true) {
      if (!head_) {
        auto nonsense = consume_head(bytes);
        if (nonsense || !head_) return nonsense;
      }
      if (discarding_) {
        const auto count = std::min(left_, bytes.size());
        bytes.remove_prefix(count);
        left_ -= count;
        if (left_ > 0) return std::nullopt;
        answers.push_back({.item = head_->item, .outcome = too_large(max_bytes_)});
      } else {
        if (bytes.size() < head_->bytes) return std::nullopt;
        if (head_->verdict == Verdict::kProgress) {
          auto progress = progress_of(head_->fraction, bytes.substr(0, head_->bytes));
          answers.push_back({.item = head_->item, .outcome = {}, .progress = std::move(progress)});
          bytes.remove_prefix(head_->bytes);
          head_.reset();
          continue;
        }
        auto outcome = outcome_of(bytes.substr(0, head_->bytes));
        if (!outcome) return no_attributes();
        answers.push_back({.item = head_->item, .outcome = *std::move(outcome)});
        bytes.remove_prefix(head_->bytes);
      }
      head_.reset();
    }
  }

  std::optional<Nonsense> consume_head(std::string_view& bytes) {
    const auto end = bytes.find('\n');
    if (end == bytes.npos && bytes.size() <= limits::kMaxAnswerHeadBytes) return std::nullopt;
    head_ = end == bytes.npos ? std::nullopt : parse_head(bytes.substr(0, end));
    if (!head_) {
      return Nonsense{.reason = model::failure_reason::kBadFrame,
                      .item = std::nullopt,
                      .message = fmt::format("wrote {}, which is no answer; see docs/coprocess.md", excerpt(bytes))};
    }
    bytes.remove_prefix(end + 1);
    discarding_ = is_too_large(*head_);
    left_ = head_->bytes;
    if (!discarding_ || head_->bytes <= limits::kMaxDiscardedBytes) return std::nullopt;
    return Nonsense{.reason = model::failure_reason::kOutputTooLarge,
                    .item = head_->item,
                    .message = fmt::format("answered with {} bytes", head_->bytes)};
  }

  [[nodiscard]] bool is_too_large(const Head& head) const {
    std::size_t payloads = 0;
    for (const Size& size : head.sizes) {
      payloads += size.payload;
      if (size.attributes.value_or(0) > kMaxAttributeText) return true;
    }
    return payloads > (head.verdict == Verdict::kOk ? max_bytes_ : limits::kMaxPayloadBytes);
  }

  // None if attributes are none.
  [[nodiscard]] std::optional<Outcome> outcome_of(std::string_view bytes) const {
    if (head_->verdict != Verdict::kOk) {
      Error error;
      error.failure.message =
          first_characters(repair_utf8(bytes.substr(0, limits::kMaxFailureMessageBytes)), limits::kMaxFailureMessageBytes);
      error.do_not_retry = head_->verdict == Verdict::kReject;
      return error;
    }
    std::vector<Output> outputs;
    outputs.reserve(head_->sizes.size());
    for (const Size& size : head_->sizes) {
      Output& output = outputs.emplace_back();
      output.payload = bytes.substr(0, size.payload);
      bytes.remove_prefix(size.payload);
      if (!size.attributes) continue;
      output.attributes = parse_attributes(bytes.substr(0, *size.attributes));
      if (!output.attributes) return std::nullopt;
      bytes.remove_prefix(*size.attributes);
    }
    return outputs;
  }

  [[nodiscard]] Nonsense no_attributes() const {
    return {.reason = model::failure_reason::kBadFrame,
            .item = head_->item,
            .message =
                fmt::format("answered item {} with attributes that are no JSON object of strings", model::number(head_->item))};
  }

  const std::size_t max_bytes_;
  std::string rest_;          // of what was read: the answer that is not complete
  std::optional<Head> head_;  // of that answer, once its line is there and taken off
  bool discarding_ = false;   // because it is too large
  std::size_t left_ = 0;      // to be discarded
};

class Frames final : public Protocol {
 public:
  [[nodiscard]] std::optional<Error> objection(const Input&) const override { return std::nullopt; }

  void append_item(const Input& input, std::string& to) const override {
    const auto attributes = text_of(input.body->attributes);
    const auto word = [](const std::string& name) { return name.empty() ? std::string_view("-") : std::string_view(name); };
    fmt::format_to(std::back_inserter(to), "{} {} {} {} {} {}\n", model::number(input.item), input.attempt,
                   input.payload().size(), attributes.size(), word(input.queue), word(input.stage));
    to += input.payload();
    to += attributes;
  }
  [[nodiscard]] std::unique_ptr<AnswerReader> reader(std::size_t max_output_bytes) const override {
    return std::make_unique<FrameReader>(max_output_bytes);
  }

 private:
  // A JSON object; empty if there are none.
  static std::string text_of(const model::Attributes& attributes) {
    if (attributes.empty()) return {};
    json object = json::object();
    for (const auto& [key, value] : attributes) object[key] = value;
    return object.dump(-1, ' ', false, json::error_handler_t::replace);
  }
};

}  // namespace

const Protocol& frames() {
  static const Frames protocol;
  return protocol;
}

}  // namespace sluice::handlers
