// `sluice top`: queues and stages as they stand, drawn anew in place.
#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/interrupt.h"
#include "client/cli/output.h"
#include "client/cli/watch/observer.h"
#include "client/cli/watch/page.h"
#include "client/cli/watch/report.h"
#include "client/cli/watch/terminal.h"

namespace sluice::cli {
namespace {

// What is on the screen, and what keys do to it.
class TopScreen {
 public:
  TopScreen(Terminal& terminal, PageView view) : terminal_(terminal), view_(std::move(view)) {}

  void draw(Observer::News news) {
    if (!view_.held) shown_ = std::move(news.activity);
    view_.trouble = std::move(news.trouble);
    sort(shown_.queues, view_.sort, view_.reversed);
    const Terminal::Size size = terminal_.size();
    const Page drawn = page(shown_, view_, size.rows, size.columns);
    view_.first = std::min(view_.first, drawn.last_first);
    last_first_ = drawn.last_first;
    list_rows_ = std::max<std::size_t>(drawn.list_rows, 1);
    std::vector<std::string> lines;
    for (const StyledLine& line : drawn.lines) lines.push_back(line.text(size.columns, colours_));
    lines.resize(std::min(lines.size(), size.rows));
    terminal_.draw(lines);
  }

  // False when the key means to leave.
  bool take(const Terminal::Event& event) {
    using Key = Terminal::Key;
    if (event.key == Key::kUp) scroll_up(1);
    if (event.key == Key::kDown) view_.first = std::min(view_.first + 1, last_first_);
    if (event.key == Key::kPageUp) scroll_up(list_rows_);
    if (event.key == Key::kPageDown) view_.first = std::min(view_.first + list_rows_, last_first_);
    if (event.key == Key::kHome) view_.first = 0;
    if (event.key == Key::kEnd) view_.first = last_first_;
    if (event.key != Key::kCharacter) return true;
    switch (event.character) {
      case 's':
        view_.sort = next(view_.sort);
        break;
      case 'r':
        view_.reversed = !view_.reversed;
        break;
      case ' ':
        view_.held = !view_.held;
        break;
      case 'k':
        scroll_up(1);
        break;
      case 'j':
        view_.first = std::min(view_.first + 1, last_first_);
        break;
      case 'q':
        return false;
      default:
        break;
    }
    return true;
  }

 private:
  void scroll_up(std::size_t lines) { view_.first -= std::min(view_.first, lines); }

  Terminal& terminal_;
  const bool colours_ = colours_wanted();
  PageView view_;
  Activity shown_;
  std::size_t last_first_ = 0;
  std::size_t list_rows_ = 1;
};

int show_screen(Looks& looks, Activity first, const PageView& view, Duration interval, const Interrupt& interrupt) {
  Terminal terminal;
  const std::stop_callback on_interrupt(interrupt.first(), [&terminal] { terminal.wake(); });
  const Observer observer(looks, std::move(first), interval, [&terminal] { terminal.wake(); });
  TopScreen screen(terminal, view);
  for (;;) {
    screen.draw(observer.news());
    const Terminal::Event event = terminal.wait();
    if (interrupt.first().stop_requested()) return kInterrupted;
    if (event.gone || !screen.take(event)) return kOk;
  }
}

int print_rows(Session& session, Looks& looks, const TopArguments& arguments, SortKey key, const Interrupt& interrupt) {
  for (bool between = false; pause(arguments.interval, interrupt.first()); between = true) {
    Activity activity = looks.next({.stop = interrupt.first()});
    sort(activity.queues, key, arguments.reverse);
    if (between && !session.json()) print("\n");
    print(session.json() ? report_json(activity) : report_text(activity));
    if (!flush_output()) return kFailed;
    if (arguments.once) return kOk;
  }
  return kInterrupted;
}

}  // namespace

int top(Session& session, const TopArguments& arguments) {
  const SortKey key = sort_key(arguments.sort).value_or(SortKey::kByName);
  const Interrupt interrupt;
  Looks looks(*session.connection(), {.prefix = arguments.prefix});
  Activity first = looks.next({.stop = interrupt.first()});
  if (arguments.once || session.json() || !Terminal::usable()) return print_rows(session, looks, arguments, key, interrupt);
  const PageView view{.server = session.server(), .sort = key, .reversed = arguments.reverse};
  return show_screen(looks, std::move(first), view, arguments.interval, interrupt);
}

}  // namespace sluice::cli
