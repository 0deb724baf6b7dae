// NATS JetStream: a work-queue stream with one pull consumer, which acknowledges each message explicitly.
#include <atomic>
#include <stdexcept>

#include <fmt/format.h>

#include "tests/bench/peers/socket_peer.h"

namespace sluice::bench {
namespace {

constexpr std::uint64_t kPublishesUnderWay = 4'000;
constexpr std::uint64_t kMessagesAtOnce = 1'000;
constexpr std::string_view kAck = "+ACK";
constexpr std::string_view kPull = "$JS.API.CONSUMER.MSG.NEXT.JOBS.worker";

struct Message {
  std::string reply_to;
  std::string_view payload;  // valid until the next is read
};

// A client of the protocol, with an inbox of its own.
class Client {
 public:
  explicit Client(std::uint16_t port) : connection_(port) {
    expect(connection_.line(), "INFO ");
    connection_.say(R"(CONNECT {"verbose":false,"pedantic":false,"headers":true,"lang":"c++","version":"1"})"
                    "\r\n");
    connection_.say(fmt::format("SUB {} 1\r\n", inbox_));
  }
  void publish(std::string_view subject, std::string_view payload, bool answer) {
    connection_.say(answer ? fmt::format("PUB {} {} {}\r\n{}\r\n", subject, inbox_, payload.size(), payload)
                           : fmt::format("PUB {} {}\r\n{}\r\n", subject, payload.size(), payload));
  }
  Message read() {
    for (;;) {
      const std::string_view line = connection_.line();
      if (line == "PING") {
        connection_.say("PONG\r\n");
        continue;
      }
      // MSG <subject> <subscription> [reply-to] <bytes>
      expect(line, "MSG ");
      const auto last = line.rfind(' ');
      const auto before = line.rfind(' ', last - 1);
      const std::size_t bytes = number_in(line.substr(last + 1));
      Message message{.reply_to = std::string(line.substr(before + 1, last - before - 1)), .payload = {}};
      message.payload = connection_.bytes(bytes + 2).substr(0, bytes);
      return message;
    }
  }
  void request(std::string_view subject, std::string_view payload) {
    publish(subject, payload, true);
    const Message answer = read();
    if (answer.payload.find("\"error\"") != std::string_view::npos)
      throw std::runtime_error("NATS: " + std::string(answer.payload));
  }

 private:
  static std::string new_inbox() {
    static std::atomic<int> number = 0;
    return fmt::format("_INBOX.{}", ++number);
  }
  Connection connection_;
  const std::string inbox_ = new_inbox();
};

class NatsSession final : public Session {
 public:
  explicit NatsSession(std::uint16_t port) : client_(port) {}
  void next() override {
    client_.publish("jobs", payload_, true);
    expect(client_.read().payload, "{\"stream\":\"JOBS\"");
    client_.publish(kPull, R"({"batch":1})", true);
    client_.publish(client_.read().reply_to, kAck, true);
    client_.read();
  }

 private:
  Client client_;
  const std::string payload_ = job(0);
};

class Nats final : public SocketPeer {
 public:
  Nats(About about, std::string_view storage,
       const std::function<std::vector<std::string>(const ServerProcess::Place&)>& command)
      : SocketPeer(std::move(about), command) {
    Client client(port());
    client.request(
        "$JS.API.STREAM.CREATE.JOBS",
        fmt::format(R"({{"name":"JOBS","subjects":["jobs"],"retention":"workqueue","storage":"{}","num_replicas":1}})",
                    storage));
    client.request("$JS.API.CONSUMER.DURABLE.CREATE.JOBS.worker",
                   R"({"stream_name":"JOBS","config":{"durable_name":"worker","deliver_policy":"all","ack_policy":"explicit",)"
                   R"("ack_wait":60000000000,"max_ack_pending":100000,"max_waiting":512}})");
  }

 private:
  void produce(std::uint64_t jobs, Backlog& backlog) override {
    Client client(port());
    pipeline(
        jobs, 1, kPublishesUnderWay, backlog, [&](std::uint64_t i) { client.publish("jobs", job(i), true); },
        [&] { expect(client.read().payload, "{\"stream\":\"JOBS\""); });
  }
  void consume(std::uint64_t jobs, Backlog& backlog) override {
    Client client(port());
    std::uint64_t asked = 0;
    const auto ask = [&] {
      const std::uint64_t count = std::min(kMessagesAtOnce, jobs - asked);
      if (count == 0) return;
      client.publish(kPull, fmt::format(R"({{"batch":{}}})", count), true);
      asked += count;
    };
    ask();
    ask();
    std::uint64_t answers = 0;  // to acknowledgements
    for (std::uint64_t got = 0; got < jobs || answers > 0;) {
      const Message message = client.read();
      if (message.payload.size() != kJobBytes) {
        --answers;
        continue;
      }
      ++got;
      backlog.ended(1);
      // Acknowledgements are taken in order, so that the answer to one answers for those before it.
      const bool last = got == asked - kMessagesAtOnce || got == jobs;
      client.publish(message.reply_to, kAck, last);
      if (!last) continue;
      ++answers;
      ask();
    }
  }
  std::unique_ptr<Session> new_session(int) override { return std::make_unique<NatsSession>(port()); }
};

}  // namespace

std::unique_ptr<System> make_nats(Keeps keeps) {
  const bool memory = keeps == Keeps::kInMemory;
  System::About about{
      .name = memory ? "NATS JetStream, memory" : "NATS JetStream, file",
      .keeps = memory ? Keeps::kInMemory : Keeps::kInFile,
      .setup = fmt::format("nats-server -js, {} storage{}; work-queue stream, {} publishes under way, pulls of {} "
                           "with the next asked for ahead, explicit acknowledgements, the last of each pull "
                           "answered",
                           memory ? "memory" : "file", memory ? "" : " with its sync every two minutes", kPublishesUnderWay,
                           kMessagesAtOnce)};
  return std::make_unique<Nats>(std::move(about), memory ? "memory" : "file", [](const ServerProcess::Place& place) {
    return std::vector<std::string>{"nats-server", "-js",          "-a", "127.0.0.1", "-p", std::to_string(place.port),
                                    "-sd",         place.directory};
  });
}

}  // namespace sluice::bench
