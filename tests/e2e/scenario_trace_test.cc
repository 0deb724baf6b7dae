// A trace from its producer through two stages, a failure and a remote worker.
#include "tests/e2e/scenario.h"
#include "tests/support/shell_command.h"

namespace sluice::e2e {
namespace {

using testing::HasSubstr;

constexpr const char* kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr const char* kTraceId = "4bf92f3577b34da6a3ce929d0e0e4736";

constexpr const char* kConfiguration = R"(
log: {format: json}
handlers:
  trace: {subprocess: {commands: [{shell: 'cat; printf " %s %s" "$TRACEPARENT" "$TRACESTATE"'}]}}
  fail: {subprocess: {commands: [{shell: 'echo secret >&2; exit 3'}]}}
pipelines:
  - name: two
    stages:
      - {input: first, handler: trace, output: second}
      - {input: second, handler: trace, output: third}
  - name: bad
    stages:
      - {input: doomed, handler: fail, retry: {max_attempts: 1}}
)";

class TraceScenario : public Scenario {
 protected:
  void SetUp() override { start(kConfiguration); }

  [[nodiscard]] std::string sluice(const std::string& words) const {
    return std::string(SLUICE_BINARY) + " --server " + server->address() + " " + words;
  }
  [[nodiscard]] std::string run(const std::string& line) const {
    support::ShellCommand command(line);
    EXPECT_EQ(command.wait(), 0) << command.output();
    return command.output();
  }
};

TEST_F(TraceScenario, ATraceGoesThroughStagesAndARemoteWorker) {
  const Client client = connect();
  (void)run("TRACEPARENT=" + std::string(kParent) + " TRACESTATE=a=1 " + sluice("put first hello"));
  client.pipeline("two").close();
  client.pipeline("two").join({.max_wait = kPatience});
  const std::string seen = " " + std::string(kParent) + " a=1";
  EXPECT_EQ(client.queue("third").peek().at(0).payload, "hello" + seen + seen);

  client.create_queue("fourth");
  client.create_queue("input");
  auto item = client.queue("third").get();
  item->done("input", {.payload = "and on"});
  client.queue("input").close();
  (void)run("TRACEPARENT=00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-00 " +
            sluice("work input --output fourth -- sh -c 'printf \"%s %s\" \"$TRACEPARENT\" \"$TRACESTATE\"'"));
  const auto last = client.queue("fourth").peek().at(0);
  EXPECT_EQ(last.payload, std::string(kParent) + " a=1") << "the item's, not the worker's own";
  EXPECT_EQ(last.attributes.at("traceparent"), kParent);
}

TEST_F(TraceScenario, AWorkersOwnTraceIsNotThatOfItsItems) {
  const Client client = connect();
  client.create_queue("input");
  client.queue("input").put({.payload = "x", .attributes = {{"traceparent", "nonsense"}}});
  client.queue("input").close();
  EXPECT_THAT(run("TRACEPARENT=" + std::string(kParent) + " " + sluice("work input -- sh -c 'echo \"[${TRACEPARENT-none}]\"'")),
              HasSubstr("[none]"));
}

TEST_F(TraceScenario, AFailedAttemptIsInTheLogWithItsTraceAndWithoutItsPayload) {
  connect().queue("doomed").put({.payload = "my payload", .attributes = {{"traceparent", kParent}}});
  ASSERT_TRUE(server->wait_for_error("an attempt failed"));
  ASSERT_TRUE(server->wait_for_error(kTraceId));
  server->stop();
  const std::string log = server->standard_error();
  EXPECT_THAT(log, HasSubstr("\"reason\":\"EXIT_CODE\""));
  EXPECT_THAT(log, testing::Not(HasSubstr("my payload")));
  EXPECT_THAT(log, testing::Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace sluice::e2e
