#include "server/store_tools.h"

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "absl/status/status.h"
#include "server/engine/engine.h"
#include "server/journal/fault.h"
#include "server/journal/offline.h"
#include "server/server.h"
#include "server/store_report.h"

namespace sluice {
namespace {

using Kind = config::StoreTask::Kind;

// A store is good when an engine takes it as it would at the start of a server.
journal::Check dry_start() {
  const auto engine = std::make_shared<engine::Engine>(engine::EngineOptions{});
  return [engine](model::Record&& record) { return engine->restore(std::move(record)); };
}

absl::Status inspect(const config::StoreTask& task, const std::filesystem::path& directory) {
  const journal::FaultGuard guard(directory / "data.mdb");
  const auto inspection = journal::inspect_directory(directory);
  if (!inspection.ok()) return inspection.status();
  fmt::print("{}", task.json ? json_report(*inspection) : text_report(*inspection));
  return absl::OkStatus();
}

absl::Status compact(const std::filesystem::path& directory, std::size_t max_bytes) {
  const journal::FaultGuard guard(directory / "data.mdb");
  const auto sizes = journal::compact_directory(directory, max_bytes, dry_start);
  if (!sizes.ok()) return sizes.status();
  fmt::print("compacted: {} bytes before, {} now\n", sizes->before, sizes->after);
  return absl::OkStatus();
}

absl::Status restore(const config::StoreTask& task, const std::filesystem::path& directory, std::size_t max_bytes) {
  const journal::FaultGuard guard(task.backup);
  auto restored = journal::restore_directory(task.backup, directory, max_bytes, task.overwrite, dry_start);
  if (restored.ok()) fmt::print("restored {} from {}\n", directory.string(), task.backup);
  return restored;
}

}  // namespace

int run_store_task(const config::StoreTask& task, const config::Settings& settings) {
  if (settings.data.empty()) {
    fmt::print(stderr, "sluiced: nothing is stored with --data none; say which directory is meant: --data DIR\n");
    return kExitUsage;
  }
  absl::Status status;
  switch (task.kind) {
    case Kind::kInspect:
      status = inspect(task, settings.data);
      break;
    case Kind::kCompact:
      status = compact(settings.data, settings.data_max_bytes);
      break;
    case Kind::kRestore:
      status = restore(task, settings.data, settings.data_max_bytes);
      break;
  }
  if (status.ok()) return kExitOk;
  fmt::print(stderr, "sluiced: {}\n", std::string(status.message()));
  return kExitFailed;
}

}  // namespace sluice
