// A server for games of life: sluiced and the three functions of rules.h as handlers.
//
//   life_server [the flags of sluiced]
#include <string>
#include <string_view>
#include <vector>

#include "examples/game_of_life/rules.h"
#include "server/server.h"

namespace {

using sluice::handlers::Input;
using sluice::handlers::Output;

// A function from payload to payload as a handler that runs on the server's own threads. The output has the input's attributes,
// which say where the cell is.
auto handler(const std::string& description, std::string (*function)(std::string_view)) {
  return sluice::handlers::make_native(description, sluice::handlers::Runs::kInline, [function](const Input& input) {
    return std::vector<Output>{{.payload = function(input.payload())}};
  });
}

}  // namespace

int main(int argc, char** argv) {
  sluice::Server server;
  server.add_handler("life.step", handler("A cell and its neighbours to the cell's next state", life::step));
  server.add_handler("life.count_neighbours", handler("A cell and its neighbours to their number", life::count_neighbours));
  server.add_handler("life.apply_rules",
                     handler("A cell and the number of its neighbours to its next state", life::apply_rules));
  return server.run(argc, argv);
}
