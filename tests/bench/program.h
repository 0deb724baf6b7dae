// A bench as a program: its flags, its complaints and its exit code.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace sluice::bench {

struct Flag {
  std::string name;   // "--runs"
  std::string value;  // what stands for it in the usage, "N"
  // Takes the value; throws std::logic_error if it is none (as std::stoi does).
  std::function<void(const std::string&)> set;
};

// Flags that set what they name: a number, a text, or a time in seconds.
Flag flag(std::string name, int& target);
Flag flag(std::string name, std::uint32_t& target);
Flag flag(std::string name, std::uint64_t& target);
Flag flag(std::string name, double& target);
Flag flag(std::string name, std::string& target);
Flag flag(std::string name, std::chrono::milliseconds& target);

// Reads `flags` and --check, then runs. Returns what main() shall: 2 after a complaint, 1 if --check was given and `run`, which
// is told so, says that a bar was missed, else 0.
int run_program(const std::string& name, int argc, char** argv, const std::vector<Flag>& flags,
                const std::function<bool(bool check)>& run);

}  // namespace sluice::bench
