// Runs the script argv[1] as a subprocess handler, on a thread of its own as the server does, until somebody kills it.
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "server/handlers/subprocess.h"

namespace {

using sluice::handlers::Context;
using sluice::handlers::Input;
using sluice::handlers::make_subprocess;
using sluice::handlers::SubprocessSpec;

class IdleContext final : public Context {
 public:
  void set_pid(std::int64_t) override {}
  void on_stop(std::function<void()>) override {}
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  SubprocessSpec spec;
  spec.commands.push_back({.argv = {}, .shell = arguments[1]});
  const auto handler = make_subprocess(spec);
  if (!handler.ok()) return 2;
  Input input;
  input.body = std::make_shared<sluice::model::Body>();
  IdleContext context;
  boost::asio::io_context io;
  boost::asio::co_spawn(io, (*handler)->run(input, context), boost::asio::detached);
  std::jthread([&io] { io.run(); }).join();
  return 0;
}
