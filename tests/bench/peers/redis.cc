// Redis with the reliable queue of its documentation: a list, from which each consumer moves jobs to a list of its own, from
// where it removes them by name once they are done.
#include <fmt/format.h>

#include "tests/bench/peers/socket_peer.h"

namespace sluice::bench {
namespace {

constexpr std::uint64_t kValuesAtOnce = 100;
constexpr std::uint64_t kPushesUnderWay = 100;
constexpr std::uint64_t kMovesUnderWay = 1'000;

template <class... Words>
std::string command(const Words&... words) {
  std::string text = fmt::format("*{}\r\n", sizeof...(words));
  ((text += fmt::format("${}\r\n{}\r\n", std::string_view(words).size(), words)), ...);
  return text;
}

std::string push(std::uint64_t first, std::uint64_t last) {
  std::string text = fmt::format("*{}\r\n$5\r\nRPUSH\r\n$4\r\njobs\r\n", last - first + 2);
  for (std::uint64_t i = first; i < last; ++i) text += fmt::format("${}\r\n{}\r\n", kJobBytes, job(i));
  return text;
}

// The rest of a moved job whose first line this is; returns what removes it from `list`.
std::string moved(Connection& connection, std::string_view line, std::string_view list) {
  expect(line, "$100");
  return command("LREM", list, "1", connection.bytes(kJobBytes + 2).substr(0, kJobBytes));
}

class RedisSession final : public Session {
 public:
  RedisSession(std::uint16_t port, int number)
      : connection_(port),
        list_(fmt::format("working:{}", number)),
        push_(push(static_cast<std::uint64_t>(number), static_cast<std::uint64_t>(number) + 1)),
        move_(command("LMOVE", "jobs", list_, "LEFT", "RIGHT")) {}
  void next() override {
    connection_.say(push_);
    expect(connection_.line(), ":");
    connection_.say(move_);
    connection_.say(moved(connection_, connection_.line(), list_));
    expect(connection_.line(), ":1");
  }

 private:
  Connection connection_;
  const std::string list_;
  const std::string push_;
  const std::string move_;
};

class Redis final : public SocketPeer {
 public:
  using SocketPeer::SocketPeer;

 private:
  void produce(std::uint64_t jobs, Backlog& backlog) override {
    Connection connection(port());
    pipeline((jobs + kValuesAtOnce - 1) / kValuesAtOnce, kValuesAtOnce, kPushesUnderWay, backlog,
             [&](std::uint64_t i) { connection.say(push(i * kValuesAtOnce, std::min(jobs, (i + 1) * kValuesAtOnce))); },
             [&] { expect(connection.line(), ":"); });
  }
  void consume(std::uint64_t jobs, Backlog& backlog) override {
    Connection connection(port());
    const std::string move = command("BLMOVE", "jobs", "working", "LEFT", "RIGHT", "0");
    std::uint64_t asked = std::min(jobs, kMovesUnderWay);
    for (std::uint64_t i = 0; i < asked; ++i) connection.say(move);
    for (std::uint64_t removed = 0; removed < jobs;) {
      const auto line = connection.line();
      if (line == ":1") {
        ++removed;
        backlog.ended(1);
        continue;
      }
      connection.say(moved(connection, line, "working"));
      if (asked++ < jobs) connection.say(move);
    }
  }
  std::unique_ptr<Session> new_session(int number) override { return std::make_unique<RedisSession>(port(), number); }
};

}  // namespace

std::unique_ptr<System> make_redis(Keeps keeps) {
  const bool memory = keeps == Keeps::kInMemory;
  System::About about{
      .name = memory ? "Redis list, memory" : "Redis list, fsync always",
      .keeps = memory ? Keeps::kInMemory : Keeps::kSynced,
      .setup = fmt::format(
          "redis-server --save '' {}; RPUSH of {} values, {} commands under way; BLMOVE to a list of the consumer's "
          "and LREM, {} under way",
          memory ? "--appendonly no" : "--appendonly yes --appendfsync always", kValuesAtOnce, kPushesUnderWay,
          kMovesUnderWay)};
  return std::make_unique<Redis>(std::move(about), [memory](const ServerProcess::Place& place) {
    return std::vector<std::string>{"redis-server",
                                    "--bind",
                                    "127.0.0.1",
                                    "--port",
                                    std::to_string(place.port),
                                    "--dir",
                                    place.directory,
                                    "--save",
                                    "",
                                    "--daemonize",
                                    "no",
                                    "--appendonly",
                                    memory ? "no" : "yes",
                                    "--appendfsync",
                                    "always"};
  });
}

}  // namespace sluice::bench
