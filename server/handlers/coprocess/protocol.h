// How items go to a child and how its answers come back. docs/coprocess.md tells it to those who write children.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/handlers/coprocess.h"
#include "server/handlers/handler.h"

namespace sluice::handlers {

struct Answer {
  std::optional<model::ItemId> item;  // none: to the item that the child has had in hand for longest
  Outcome outcome;
  std::optional<model::Progress> progress = {};  // instead of an outcome: the item goes on
};

// After this nothing that the child writes makes sense.
struct Nonsense {
  std::string_view reason;            // BAD_FRAME, or OUTPUT_TOO_LARGE of an answer without end
  std::optional<model::ItemId> item;  // whose answer it is, if that is known; of lines it is the oldest in hand
  std::string message;                // what it did, to follow its name: "wrote \"hello\", which is no answer"
};

// Reads what one child writes, in whatever pieces it comes. Holds at most one answer that is not complete. Not thread-safe.
class AnswerReader {
 public:
  virtual ~AnswerReader() = default;
  // Appends the answers that `bytes` complete. Once there is nonsense, read() is not called any more.
  [[nodiscard]] virtual std::optional<Nonsense> read(std::string_view bytes, std::vector<Answer>& answers) = 0;
};

// Immutable, thread-safe.
class Protocol {
 public:
  virtual ~Protocol() = default;
  // What makes an item unfit for this protocol, if anything does.
  [[nodiscard]] virtual std::optional<Error> objection(const Input& input) const = 0;
  virtual void append_item(const Input& input, std::string& to) const = 0;
  [[nodiscard]] virtual std::unique_ptr<AnswerReader> reader(std::size_t max_output_bytes) const = 0;
};

[[nodiscard]] const Protocol& frames();
[[nodiscard]] const Protocol& lines();

// An answer that holds more than it may.
[[nodiscard]] Error too_large(std::size_t max_output_bytes);
// What a child wrote, for people: in quotation marks, one line, the beginning of it.
[[nodiscard]] std::string excerpt(std::string_view bytes);

}  // namespace sluice::handlers
