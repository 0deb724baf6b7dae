// Scenario 11: random bytes, encrypted by one child process and hashed by the next.
#include <random>

#include "tests/e2e/fifo.h"
#include "tests/e2e/scenario.h"

namespace sluice::e2e {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Without salt, so that the same bytes give the same result each time. The password comes from the server's environment.
constexpr const char* kHandlers = R"(
handlers:
  encrypt:
    subprocess:
      commands: [{argv: [openssl, enc, -aes-256-cbc, -pbkdf2, -nosalt, -pass, 'env:SCENARIO_PASSWORD']}]
      inherit_env: [PATH, SCENARIO_PASSWORD]
  decrypt:
    subprocess:
      commands: [{argv: [openssl, enc, -d, -aes-256-cbc, -pbkdf2, -nosalt, -pass, 'env:SCENARIO_PASSWORD']}]
      inherit_env: [PATH, SCENARIO_PASSWORD]
  hash:
    subprocess:
      commands: [{argv: [openssl, dgst, -sha256, -r]}]
  encrypt_and_hash:
    subprocess:
      commands:
        - argv: [openssl, enc, -aes-256-cbc, -pbkdf2, -nosalt, -pass, 'env:SCENARIO_PASSWORD']
        - argv: [openssl, dgst, -sha256, -r]
      inherit_env: [PATH, SCENARIO_PASSWORD]
  held_encrypt_and_hash:
    subprocess:
      commands:
        - shell: 'read line < gate; exec openssl enc -aes-256-cbc -pbkdf2 -nosalt -pass env:SCENARIO_PASSWORD'
        - argv: [openssl, dgst, -sha256, -r]
      inherit_env: [PATH, SCENARIO_PASSWORD]
  first_fails:
    subprocess:
      commands:
        - argv: [openssl, enc, -no-such-cipher]
        - argv: [openssl, dgst, -sha256, -r]
  second_fails:
    subprocess:
      commands:
        - argv: [openssl, enc, -aes-256-cbc, -pbkdf2, -nosalt, -pass, 'pass:x']
        - argv: [openssl, dgst, -no-such-digest]
  reader_dies:
    subprocess:
      commands:
        - shell: 'echo $$ > writer; exec yes'
        - shell: 'head -c 100000 > /dev/null; exit 7'
)";

class OpensslScenario : public Scenario {
 protected:
  void SetUp() override { start(kHandlers, {}, {{"SCENARIO_PASSWORD", "correct horse battery staple"}}); }

  // Each handler a stage with three workers.
  static Pipeline begin(const std::vector<std::string>& handlers, const std::vector<std::string>& payloads,
                        const Client& client) {
    PipelineSpec spec{.name = handlers.front()};
    for (std::size_t i = 0; i < handlers.size(); ++i) {
      spec.stages.push_back({.input = "step" + std::to_string(i),
                             .output = "step" + std::to_string(i + 1),
                             .handler = handlers[i],
                             .workers = 3,
                             .retry = {.max_attempts = 1}});
    }
    Pipeline pipeline = client.create_pipeline(spec);
    pipeline.queue("step0").put_all(payloads);
    return pipeline;
  }

  // What comes out at the end.
  static std::vector<std::string> end(const Pipeline& pipeline) {
    pipeline.close();
    pipeline.join({.max_wait = kPatience});
    auto results = drain(pipeline.queue(pipeline.stages().back().spec.output));
    pipeline.remove(true);
    return results;
  }

  static std::vector<std::string> run(const std::vector<std::string>& handlers, const std::vector<std::string>& payloads,
                                      const Client& client) {
    return end(begin(handlers, payloads, client));
  }

  static std::string random_bytes(std::size_t size) {
    std::mt19937 dice(11);
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(dice());
    return bytes;
  }
};

TEST_F(OpensslScenario, Scenario11_AChainInOneHandlerGivesWhatTwoStagesGive) {
  const Client client = connect();
  const std::vector<std::string> secret{random_bytes(100'000)};
  const auto chained = run({"encrypt_and_hash"}, secret, client);
  const auto staged = run({"encrypt", "hash"}, secret, client);
  ASSERT_THAT(chained, SizeIs(1));
  EXPECT_EQ(chained.front().size(), std::string("*stdin\n").size() + 64 + 1) << chained.front();
  EXPECT_EQ(chained, staged);
  EXPECT_NE(chained, run({"hash"}, secret, client)) << "nothing was encrypted";
  EXPECT_EQ(run({"encrypt", "decrypt"}, secret, client), secret);
}

TEST_F(OpensslScenario, Scenario11_ThreeInParallel) {
  const Client client = connect();
  Fifo gate(server->directory() / "gate");
  const std::string secret = random_bytes(50'000);
  const Pipeline pipeline = begin({"held_encrypt_and_hash"}, {secret, secret, secret}, client);
  // None goes on before all three are there.
  ASSERT_TRUE(eventually([&] { return pipeline.stages().front().busy_workers == 3; }));
  for (int child = 0; child < 3; ++child) gate.write_line();

  const auto hashes = end(pipeline);
  const auto alone = run({"encrypt_and_hash"}, {secret}, client);
  ASSERT_THAT(alone, SizeIs(1));
  EXPECT_THAT(hashes, ElementsAre(alone[0], alone[0], alone[0]));
}

TEST_F(OpensslScenario, Scenario11_EachExitCodeCounts) {
  const Client client = connect();
  for (const std::string handler : {"first_fails", "second_fails"}) {
    EXPECT_THAT(run({handler}, {"x"}, client), IsEmpty());
    const Queue dead = client.queue("step0.dead");
    const Failure failure = only_failure(dead);
    EXPECT_EQ(failure.reason, "EXIT_CODE") << handler;
    EXPECT_EQ(failure.exit_code, 1) << handler;
    EXPECT_NE(failure.stderr_tail, "") << handler;
    dead.purge();
  }
}

TEST_F(OpensslScenario, Scenario11_WhenTheReaderDiesTheWriterEndsToo) {
  const Client client = connect();
  Fifo writer_pid(server->directory() / "writer");
  EXPECT_THAT(run({"reader_dies"}, {"x"}, client), IsEmpty());
  EXPECT_TRUE(process_ends(static_cast<pid_t>(std::stol(writer_pid.read_line()))));
  EXPECT_EQ(only_failure(client.queue("step0.dead")).exit_code, 7);
}

}  // namespace
}  // namespace sluice::e2e
