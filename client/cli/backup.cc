// sluice backup: the server's store as a file.
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/interrupt.h"
#include "client/cli/output.h"
#include "client/cli/part_file.h"
#include "client/cli/screen.h"
#include "client/cli/text.h"
#include "client/src/raise.h"

namespace sluice::cli {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kStandardOutput = "-";
constexpr Duration kDrawInterval = std::chrono::milliseconds(200);

// On a terminal, a line that says how far it is.
class View {
 public:
  View() : terminal_(Screen::is_terminal()) {
    if (terminal_) screen_.draw({"the server copies its store ..."});
  }

  void show(std::uint64_t bytes, std::uint64_t total) {
    const auto now = steady_clock::now();
    if (!terminal_ || (bytes < total && now - drawn_ < kDrawInterval)) return;
    drawn_ = now;
    const std::uint64_t percent = total == 0 ? 100 : bytes * 100 / total;
    screen_.draw({fmt::format("{} of {} ({} %)", bytes_text(bytes), bytes_text(total), percent)});
  }

 private:
  const bool terminal_;
  Screen screen_;
  steady_clock::time_point drawn_;
};

// Gives every part to `take`; returns how many bytes there were.
template <class Take>
std::uint64_t receive(Session& session, const BackupArguments& arguments, Take take) {
  View view;
  std::uint64_t bytes = 0;
  std::uint64_t total = 0;
  const Interrupt interrupt;
  const internal::CallOptions options{.wait = arguments.timeout, .stop = interrupt.first(), .timeout = Duration::zero()};
  session.connection()->backup(v1::BackupRequest(), options, [&](const v1::BackupResponse& part) {
    take(part.data());
    bytes += part.data().size();
    total = part.total_bytes();
    view.show(bytes, total);
  });
  if (bytes != total || total == 0) {
    internal::raise(Code::kDataLoss, "INCOMPLETE",
                    fmt::format("only {} of {} bytes came; nothing is kept, try again", bytes, total));
  }
  return bytes;
}

int to_standard_output(Session& session, const BackupArguments& arguments) {
  receive(session, arguments, [](const std::string& data) {
    print(data);
    if (!flush_output()) internal::raise(Code::kUnknown, "OUTPUT", "cannot write to standard output");
  });
  return kOk;
}

}  // namespace

int backup(Session& session, const BackupArguments& arguments) {
  if (arguments.file == kStandardOutput) return to_standard_output(session, arguments);
  if (!arguments.force && std::filesystem::exists(arguments.file)) {
    internal::raise(Code::kAlreadyExists, "FILE_EXISTS",
                    fmt::format("{} is there already; give --force to replace it, or another name", arguments.file));
  }
  PartFile file(arguments.file);
  const std::uint64_t bytes = receive(session, arguments, [&file](const std::string& data) { file.write(data); });
  file.keep();
  if (session.json()) {
    print(fmt::format("{{\"total_bytes\": \"{}\"}}\n", bytes));
  } else {
    print(fmt::format("{}: {}\n", arguments.file, bytes_text(bytes)));
  }
  return kOk;
}

}  // namespace sluice::cli
