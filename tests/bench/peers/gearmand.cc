// gearmand: its binary protocol, with background jobs, which are the ones that are queued.
#include <arpa/inet.h>

#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

#include "tests/bench/peers/socket_peer.h"

namespace sluice::bench {
namespace {

constexpr std::uint64_t kSubmitsUnderWay = 1'000;
constexpr std::uint64_t kGrabsUnderWay = 1'000;
constexpr std::uint64_t kGrabsAfterSleep = 16;  // more would find nothing, which costs as much as finding a job

enum Type : std::uint32_t {
  kCanDo = 1,
  kPreSleep = 4,
  kNoop = 6,
  kJobCreated = 8,
  kGrabJob = 9,
  kNoJob = 10,
  kJobAssign = 11,
  kWorkComplete = 13,
  kEchoReq = 16,
  kEchoRes = 17,
  kSubmitJobBg = 18,
};

std::string packet(Type type, std::string_view data) {
  std::string text("\0REQ", 4);
  for (const std::uint32_t word : {htonl(type), htonl(static_cast<std::uint32_t>(data.size()))}) {
    text.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  return text.append(data);
}

// A job without a name that others of the same name are merged with.
std::string submit(std::uint64_t number) {
  using std::string_literals::operator""s;
  return packet(kSubmitJobBg, "work\0\0"s + job(number));
}

struct Answer {
  std::uint32_t type = 0;
  std::string_view data;  // valid until the next is read
};

Answer read(Connection& connection) {
  const auto head = connection.bytes(12);
  std::uint32_t type = 0;
  std::uint32_t size = 0;
  std::memcpy(&type, head.data() + 4, sizeof type);
  std::memcpy(&size, head.data() + 8, sizeof size);
  return {ntohl(type), connection.bytes(ntohl(size))};
}

Answer read(Connection& connection, Type expected) {
  const Answer answer = read(connection);
  if (answer.type != expected) throw std::runtime_error(fmt::format("gearmand answered {} for {}", answer.type, +expected));
  return answer;
}

// What completes an assigned job.
std::string complete(std::string_view assigned) {
  return packet(kWorkComplete, std::string(assigned.substr(0, assigned.find('\0') + 1)));
}

class GearmandSession final : public Session {
 public:
  GearmandSession(std::uint16_t port, int number) : connection_(port), submit_(submit(static_cast<std::uint64_t>(number))) {
    connection_.say(packet(kCanDo, "work"));
  }
  void next() override {
    connection_.say(submit_);
    read(connection_, kJobCreated);
    connection_.say(grab_);
    connection_.say(complete(read(connection_, kJobAssign).data));
    connection_.flush();
  }

 private:
  Connection connection_;
  const std::string submit_;
  const std::string grab_ = packet(kGrabJob, {});
};

class Gearmand final : public SocketPeer {
 public:
  using SocketPeer::SocketPeer;

 private:
  void produce(std::uint64_t jobs, Backlog& backlog) override {
    Connection connection(port());
    pipeline(
        jobs, 1, kSubmitsUnderWay, backlog, [&](std::uint64_t i) { connection.say(submit(i)); },
        [&] { read(connection, kJobCreated); });
  }
  void consume(std::uint64_t jobs, Backlog& backlog) override {
    Connection connection(port());
    const std::string grab = packet(kGrabJob, {});
    connection.say(packet(kCanDo, "work"));
    std::uint64_t asked = 0;
    const auto ask = [&](std::uint64_t most) {
      for (; asked < most; ++asked) connection.say(grab);
    };
    ask(std::min(jobs, kGrabsAfterSleep));
    for (std::uint64_t completed = 0; completed < jobs;) {
      const Answer answer = read(connection);
      if (answer.type == kJobAssign) {
        connection.say(complete(answer.data));
        backlog.ended(1);
        --asked;
        // One more at a time than before, since there is work.
        ask(std::min({jobs - ++completed, kGrabsUnderWay, asked + 2}));
      } else if (answer.type == kNoJob && --asked == 0) {
        // As its protocol wants it: sleep until there is something, and ask anew.
        connection.say(packet(kPreSleep, {}));
        read(connection, kNoop);
        ask(std::min(jobs - completed, kGrabsAfterSleep));
      }
    }
    // A completion has no answer of its own; that of what follows it says that it was read.
    connection.say(packet(kEchoReq, "end"));
    while (read(connection).type != kEchoRes) {
    }
  }
  std::unique_ptr<Session> new_session(int number) override { return std::make_unique<GearmandSession>(port(), number); }
};

}  // namespace

std::unique_ptr<System> make_gearmand() {
  System::About about{
      .name = "gearmand, memory",
      .keeps = Keeps::kInMemory,
      .setup = fmt::format("gearmand with its 4 threads; background jobs, {} submits and {} grabs sent ahead of "
                           "their answers; a completion has no answer",
                           kSubmitsUnderWay, kGrabsUnderWay)};
  return std::make_unique<Gearmand>(std::move(about), [](const ServerProcess::Place& place) {
    return std::vector<std::string>{"gearmand",
                                    "--listen",
                                    "127.0.0.1",
                                    "--port",
                                    std::to_string(place.port),
                                    "--log-file",
                                    "stderr",
                                    "--pid-file",
                                    place.directory / "pid"};
  });
}

}  // namespace sluice::bench
