#include "server/handlers/progress.h"

#include "server/base/limits.h"
#include "server/handlers/handler.h"
#include "server/handlers/utf8.h"

namespace sluice::handlers {

model::Progress progress_of(std::optional<double> fraction, std::string_view message) {
  model::Progress progress;
  if (fraction) progress.fraction = model::as_fraction(*fraction);
  // Repaired text is no shorter: nothing is spent on what is cut off anyway.
  std::string text = repair_utf8(message.substr(0, limits::kMaxProgressMessageBytes + 1));
  progress.message = first_characters(std::move(text), limits::kMaxProgressMessageBytes);
  return progress;
}

void Input::progress(std::optional<double> fraction, std::string_view message) const {
  if (progress_sink) progress_sink->report(progress_of(fraction, message));
}

}  // namespace sluice::handlers
