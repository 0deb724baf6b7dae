// Whatever bytes come in as a request: they parse or not, they are refused or mapped, and nothing else happens.
//
// Seeded, so that a failure can be repeated: the seed is in the trace. Half of the inputs are noise, half are sound requests
// with some bytes changed, which reach the checks far more often.
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <google/protobuf/util/json_util.h>

#include "server/wire/commands.h"
#include "server/wire/requests.h"
#include "tests/wire/expect.h"

namespace sluice::wire {
namespace {

constexpr int kInputs = 4'000;
const CallTime kCall{base::Time(std::chrono::seconds(1'000))};

// Parses `bytes` as a Request and maps it. Expects OK or a named error; true for OK.
using Take = std::function<bool(const std::string& bytes)>;

template <class Request, class Map>
Take taking(Map map) {
  return [map](const std::string& bytes) {
    Request request;
    if (!request.ParseFromString(bytes)) return false;
    const absl::Status status = status_of(map(std::move(request)));
    if (status.ok()) return true;
    EXPECT_TRUE(base::reason_of(status)) << status.ToString();
    EXPECT_EQ(base::annotations(status).count("field"), 1U) << status.ToString();
    EXPECT_LT(status.message().size(), 1'000U);
    return false;
  };
}

struct Entry {
  std::string sound;  // as JSON
  std::unique_ptr<google::protobuf::Message> message;
  Take take;
};

template <class Request, class Map>
Entry entry(std::string sound, Map map) {
  return {std::move(sound), std::make_unique<Request>(), taking<Request>(map)};
}

std::vector<Entry> entries() {
  const std::string items =
      R"([{"payload": "cGF5bG9hZA==", "attributes": {"k": "v", "l": "w"}, "priority": -3, "delay": "1.5s"}])";
  const std::string settings = R"({"capacity": 10, "order": 2, "lease_duration": "30s", "dead_letter_queue": "x",
      "retry": {"max_attempts": 3, "initial_backoff": "1s", "max_backoff": "60s", "multiplier": 2, "jitter": 0.5}})";
  const std::string stages = R"([{"name": "s", "input": "a", "output": "b", "handler": "h", "workers": 3,
      "retry": {"max_attempts": 3, "jitter": 0.5}}, {"input": "b", "handler": "h"}])";
  std::vector<Entry> all;
  all.push_back(entry<v1::CreateQueueRequest>(R"({"queue": {"name": "a", "settings": )" + settings + "}}",
                                              [](const auto& r) { return spec_of(r); }));
  all.push_back(entry<v1::UpdateQueueRequest>(R"({"queue": "a", "settings": )" + settings + "}",
                                              [](const auto& r) { return patch_of(r); }));
  all.push_back(entry<v1::CreatePipelineRequest>(
      R"({"pipeline": {"name": "p", "queues": [{"name": "a", "settings": )" + settings + R"(}], "stages": )" + stages + "}}",
      [](const auto& r) { return spec_of(r); }));
  all.push_back(entry<v1::ListQueuesRequest>(R"({"page_size": 5, "page_token": "after:x", "prefix": "y"})",
                                             [](const auto& r) { return page_of(r); }));
  all.push_back(
      entry<v1::PeekRequest>(R"({"queue": "a", "page_size": 5, "page_token": "at:5", "max_payload_bytes": 9, "state": 2})",
                             [](const auto& r) { return peek_of(r); }));
  all.push_back(entry<v1::JoinQueueRequest>(R"({"queue": "a", "progress_interval": "2s", "since_idle_count": 3})",
                                            [](const auto& r) { return join_of(r); }));
  all.push_back(
      entry<v1::ScaleStageRequest>(R"({"pipeline": "p", "stage": "s", "workers": 3})", [](const auto& r) { return check(r); }));
  all.push_back(entry<v1::PutRequest>(R"({"queue": "a", "max_wait": "3s", "request_id": "r", "items": )" + items + "}",
                                      [](auto r) { return put_of(r, kCall); }));
  all.push_back(
      entry<v1::GetRequest>(R"({"queue": "a", "max_items": 3, "max_wait": "3s", "lease_duration": "9s", "consumer": "me"})",
                            [](auto r) { return get_of(r, kCall); }));
  all.push_back(entry<v1::CompleteRequest>(
      R"({"queue": "a", "max_wait": "3s", "request_id": "r", "completions": [{"lease_token": 5,
          "outputs": [{"queue": "b", "item": {"payload": "eA==", "attributes": {"k": "v"}}}]}, {"lease_token": 6}]})",
      [](auto r) { return completes_of(r, kCall); }));
  all.push_back(entry<v1::FailRequest>(
      R"({"queue": "a", "request_id": "r", "leases": [{"lease_token": 5, "retry_delay": "2s", "do_not_retry": true,
          "failure": {"reason": "BAD", "message": "m", "stderr_tail": "t", "exit_code": 2, "signal": 9}}]})",
      [](const auto& r) { return fails_of(r); }));
  all.push_back(entry<v1::ExtendRequest>(R"({"queue": "a", "lease_tokens": [1, 2, 3], "lease_duration": "5s"})",
                                         [](const auto& r) { return extend_of(r); }));
  all.push_back(
      entry<v1::ReleaseRequest>(R"({"queue": "a", "lease_tokens": [1, 2, 3]})", [](const auto& r) { return release_of(r); }));
  all.push_back(entry<v1::CreateScheduleRequest>(
      R"({"schedule": {"name": "s", "queue": "q", "cron": "*/5 9-17 1,15 jan-mar mon", "time_zone": "Europe/Berlin",
          "payload": "eA==", "attributes": {"k": "v"}, "priority": -3, "catch_up": 7}})",
      [](const auto& r) { return spec_of(r); }));
  all.push_back(entry<v1::UpdateScheduleRequest>(R"({"schedule": {"name": "s", "queue": "q", "every": "1.5s"}})",
                                                 [](const auto& r) { return spec_of(r); }));
  return all;
}

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  std::string noise() {
    std::string bytes(below(64), '\0');
    for (char& byte : bytes) byte = any_byte();
    return bytes;
  }

  std::string mutated(std::string bytes) {
    for (std::size_t changes = 1 + below(4); changes > 0 && !bytes.empty(); --changes) {
      const std::size_t at = below(bytes.size());
      switch (below(5)) {
        case 0:
          bytes[at] = any_byte();
          break;
        case 1:
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
          break;
        case 2:
          bytes.insert(at, 1 + below(8), any_byte());
          break;
        case 3:
          bytes.erase(at, 1 + below(4));
          break;
        default:
          bytes.insert(at, bytes.substr(below(bytes.size()), below(32)));
          break;
      }
    }
    return bytes;
  }

  std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_); }

 private:
  char any_byte() { return static_cast<char>(below(256)); }

  std::mt19937_64 random_;
};

TEST(Mutation, SoundRequestsAreTaken) {
  for (const auto& entry : entries()) {
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(entry.sound, entry.message.get()).ok()) << entry.sound;
    EXPECT_TRUE(entry.take(entry.message->SerializeAsString())) << entry.sound;
  }
}

TEST(Mutation, NoBytesBreakAnything) {
  google::protobuf::LogSilencer silence;  // complaints about UTF-8
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Mutator mutator(seed);
    for (const auto& entry : entries()) {
      ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(entry.sound, entry.message.get()).ok());
      const std::string sound = entry.message->SerializeAsString();
      for (int i = 0; i < kInputs && !testing::Test::HasFailure(); ++i) {
        entry.take(i % 2 == 0 ? mutator.noise() : mutator.mutated(sound));
      }
    }
  }
}

}  // namespace
}  // namespace sluice::wire
