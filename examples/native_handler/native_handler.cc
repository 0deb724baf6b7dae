// A server with a handler of its own, written in C++: everything that sluiced can, and "count_letters". It takes sluiced's
// flags and configuration file; native_handler.yaml has a stage that names the handler.
#include <cctype>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "server/server.h"

namespace {

namespace handlers = sluice::handlers;

// One item. An exception fails the attempt, and the item is tried again later; handlers::HandlerFailure says more, for example
// that it should not be.
std::vector<handlers::Output> count_letters(const handlers::Input& input) {
  std::map<char, int> counts;
  for (const unsigned char c : input.payload()) {
    if (std::isalpha(c) != 0) ++counts[static_cast<char>(std::tolower(c))];
  }
  if (counts.empty()) throw std::invalid_argument("there are no letters in it");
  std::string text;
  for (const auto& [letter, count] : counts) text += fmt::format("{}{}", letter, count);
  return {{.payload = text}};
}

}  // namespace

int main(int argc, char** argv) {
  sluice::Server server;
  // kOnOwnThread: it may take its time. What is done in microseconds may also run kInline, on the server's own threads.
  server.add_handler("count_letters",
                     handlers::make_native("Counts the letters of a text", handlers::Runs::kOnOwnThread, count_letters));
  return server.run(argc, argv);
}
