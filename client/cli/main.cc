// The `sluice` command.
#include <exception>

#include <fmt/format.h>

#include "client/cli/command_line.h"
#include "client/cli/exit_codes.h"
#include "client/cli/output.h"
#include "sluice/error.h"

namespace sluice::cli {
namespace {

int exit_code(const Error& error) {
  switch (error.code()) {
    case Code::kUnavailable:
      return kUnreachable;
    case Code::kCancelled:
      return kInterrupted;
    default:
      return kFailed;
  }
}

int run(const CommandLine& line) {
  try {
    Session session(line.globals);
    const int code = line.command(session);
    if (flush_output()) return code;
    say("OUTPUT: cannot write to standard output");
    return kFailed;
  } catch (const Error& error) {
    (void)flush_output();
    say(fmt::format("{}: {}", error.reason(), error.what()));
    return exit_code(error);
  } catch (const std::exception& error) {
    say(fmt::format("INTERNAL: {}", error.what()));
    return kFailed;
  }
}

}  // namespace
}  // namespace sluice::cli

int main(int argc, char** argv) {
  const sluice::cli::CommandLine line = sluice::cli::parse(argc, argv);
  if (line.exit_code) return *line.exit_code;
  return sluice::cli::run(line);
}
