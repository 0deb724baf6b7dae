// The whole of a terminal: an alternate screen, and keys as they are typed.
#pragma once

#include <termios.h>

#include <cstddef>
#include <string>
#include <vector>

#include "client/cli/fd.h"

namespace sluice::cli {

// One at a time in the program, on standard input and output; nothing else may write to either meanwhile. Ctrl-C still is a
// signal (interrupt.h); Ctrl-Z and Ctrl-\ do nothing. Everything is as it was before once it is destroyed.
class Terminal {
 public:
  enum class Key { kNone, kUp, kDown, kPageUp, kPageDown, kHome, kEnd, kCharacter };
  struct Event {
    Key key = Key::kNone;  // kNone: woken, resized, or a key that has no meaning
    char character = 0;    // of kCharacter
    bool gone = false;     // the terminal has hung up
  };
  struct Size {
    std::size_t rows = 24;
    std::size_t columns = 80;
  };

  // Throws std::system_error.
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // True when standard input and output are one that can do this.
  [[nodiscard]] static bool usable();

  [[nodiscard]] Size size() const;
  // As many lines as there are rows, at most; each at most as wide as the terminal.
  void draw(const std::vector<std::string>& lines);
  // Until a key, a new size, or wake().
  [[nodiscard]] Event wait();
  // Any thread, any number of times.
  void wake() const;

 private:
  [[nodiscard]] Event read_key();

  termios before_{};
  Fd wakes_;
  std::string typed_;  // read and not yet told
};

}  // namespace sluice::cli
