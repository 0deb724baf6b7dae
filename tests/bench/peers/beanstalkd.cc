// beanstalkd: a text protocol without batches, in which requests may be sent ahead of their answers.
#include <fmt/format.h>

#include "tests/bench/peers/socket_peer.h"

namespace sluice::bench {
namespace {

constexpr std::uint64_t kPutsUnderWay = 1'000;
constexpr std::uint64_t kReservesUnderWay = 1'000;

constexpr std::string_view kReserve = "reserve\r\n";

std::string put(std::uint64_t number) { return fmt::format("put 0 0 60 {}\r\n{}\r\n", kJobBytes, job(number)); }

// The rest of a reservation whose first line this is; returns what deletes the job.
std::string reserved(Connection& connection, std::string_view line) {
  expect(line, "RESERVED ");
  const std::uint64_t id = number_in(line.substr(9));
  connection.bytes(kJobBytes + 2);
  return fmt::format("delete {}\r\n", id);
}

class BeanstalkdSession final : public Session {
 public:
  explicit BeanstalkdSession(std::uint16_t port) : connection_(port) {}
  void next() override {
    connection_.say(put_);
    expect(connection_.line(), "INSERTED ");
    connection_.say(kReserve);
    connection_.say(reserved(connection_, connection_.line()));
    expect(connection_.line(), "DELETED");
  }

 private:
  Connection connection_;
  const std::string put_ = put(0);
};

class Beanstalkd final : public SocketPeer {
 public:
  using SocketPeer::SocketPeer;

 private:
  void produce(std::uint64_t jobs, Backlog& backlog) override {
    Connection connection(port());
    pipeline(
        jobs, 1, kPutsUnderWay, backlog, [&](std::uint64_t i) { connection.say(put(i)); },
        [&] { expect(connection.line(), "INSERTED "); });
  }
  void consume(std::uint64_t jobs, Backlog& backlog) override {
    Connection connection(port());
    std::uint64_t asked = std::min(jobs, kReservesUnderWay);
    for (std::uint64_t i = 0; i < asked; ++i) connection.say(kReserve);
    for (std::uint64_t deleted = 0; deleted < jobs;) {
      const auto line = connection.line();
      if (line == "DELETED") {
        ++deleted;
        backlog.ended(1);
        continue;
      }
      connection.say(reserved(connection, line));
      if (asked++ < jobs) connection.say(kReserve);
    }
  }
  std::unique_ptr<Session> new_session(int) override { return std::make_unique<BeanstalkdSession>(port()); }
};

}  // namespace

std::unique_ptr<System> make_beanstalkd(Keeps keeps) {
  const bool memory = keeps == Keeps::kInMemory;
  System::About about{.name = memory ? "beanstalkd, memory" : "beanstalkd, fsync each",
                      .keeps = memory ? Keeps::kInMemory : Keeps::kSynced,
                      .setup = fmt::format("beanstalkd{}; no batches: {} puts and as many reserves sent ahead of their answers",
                                           memory ? "" : " -b DIR -f0 (an fsync before each answer)", kPutsUnderWay)};
  return std::make_unique<Beanstalkd>(std::move(about), [memory](const ServerProcess::Place& place) {
    std::vector<std::string> command{"beanstalkd", "-l", "127.0.0.1", "-p", std::to_string(place.port)};
    if (!memory) command.insert(command.end(), {"-b", place.directory, "-f0"});
    return command;
  });
}

}  // namespace sluice::bench
