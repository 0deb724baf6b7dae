// The settings of a server out of all their sources: a flag beats the environment, which beats the file, which beats the
// default.
#pragma once

#include <string>
#include <vector>

#include "server/config/environment.h"
#include "server/config/flags.h"
#include "server/config/settings.h"
#include "server/handlers/registry.h"

namespace sluice::config {

struct Loaded {
  Settings settings;
  // What is wrong, one complaint a line; empty: nothing, and only then do the settings count.
  std::string complaints;
  // What looks wrong with this machine, but may still come right, such as a program that is not there. One sentence each.
  std::vector<std::string> warnings;
  // The file read, for people; empty if there is none.
  std::string file;

  [[nodiscard]] bool ok() const { return complaints.empty(); }
};

// `registered` are the handlers that exist without the configuration.
[[nodiscard]] Loaded load(const Flags& flags, const Environment& environment, const handlers::Registry& registered);

}  // namespace sluice::config
