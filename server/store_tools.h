// What sluiced does with a store instead of serving it: --inspect, --compact, --restore.
#pragma once

#include "server/config/flags.h"
#include "server/config/settings.h"

namespace sluice {

// Prints what comes of it on standard output and what goes wrong on standard error. Returns an ExitCode (server.h): kExitFailed
// if the store cannot be read or a server has it, kExitUsage without a data directory. Not while a server runs in this process.
int run_store_task(const config::StoreTask& task, const config::Settings& settings);

}  // namespace sluice
