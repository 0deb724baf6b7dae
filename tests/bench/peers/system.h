// What is compared: a queue server under the two loads that every system gets.
//
// The life of a job of 100 bytes is the same everywhere: it is put, handed out, and acknowledged by name, after which it is
// gone; were the consumer to die in between, the job would be handed out again. What a system answers is waited for.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sluice::bench {

inline constexpr std::size_t kJobBytes = 100;
// A producer is at most so many jobs ahead of its consumer, so that no system is measured with a queue much deeper than
// another's.
inline constexpr std::uint64_t kMostBacklog = 100'000;
// Each with a job of its own.
inline constexpr int kConnections = 8;

// What an acknowledged put survives.
enum class Keeps {
  kInMemory,  // nothing
  kInFile,    // the process's end: the file has it, the disk perhaps not yet
  kSynced,    // the machine's end: the disk has it
};

enum class Kind { kPeer, kOurs, kLimit };

class System {
 public:
  struct About {
    std::string name;
    Kind kind = Kind::kPeer;
    Keeps keeps = Keeps::kInMemory;
    std::string setup;    // how it was started and used, and why so; a line for the report
    bool streams = true;  // false: takes only the second load
  };

  virtual ~System() = default;
  [[nodiscard]] virtual const About& about() const = 0;
  // Of the server's process.
  [[nodiscard]] virtual pid_t pid() const = 0;

  // One producer and one consumer, a connection each, with as much under way as serves the system best. Returns when `jobs` are
  // acknowledged. Throws std::runtime_error when anything goes wrong, as below.
  virtual void stream(std::uint64_t jobs) = 0;
  // kConnections clients, each of which puts one job, takes one, acknowledges it, and begins anew, one step at a time, until
  // the time is over. Returns how many jobs went through.
  virtual std::uint64_t one_at_a_time(std::chrono::milliseconds time) = 0;
};

// Each starts its server.
std::unique_ptr<System> make_beanstalkd(Keeps keeps);
std::unique_ptr<System> make_gearmand();
std::unique_ptr<System> make_nats(Keeps keeps);
std::unique_ptr<System> make_redis(Keeps keeps);
std::unique_ptr<System> make_postgresql();

// Two of one sluiced: over streams, and by unary calls one at a time.
std::vector<std::unique_ptr<System>> make_sluiced(Keeps keeps);

// What the machine gives: bare gRPC with the same messages, over streams (with a synced log behind, if synced) and by unary
// calls; a log that is written in this process, and LMDB.
std::unique_ptr<System> make_bare_streams(Keeps keeps);
std::unique_ptr<System> make_bare_echo();
std::unique_ptr<System> make_bare_log();
std::unique_ptr<System> make_bare_lmdb();

}  // namespace sluice::bench
