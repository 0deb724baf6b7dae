// Whatever comes in, the answer is a named error, and the server goes on.
#include "sluice/v1/pipeline_service.grpc.pb.h"
#include "sluice/v1/queue_service.grpc.pb.h"
#include "tests/e2e/raw.h"
#include "tests/e2e/scenario.h"

namespace sluice::e2e {
namespace {

using testing::ElementsAre;

constexpr const char* kHandlers = R"(
handlers:
  not_there:
    subprocess:
      commands: [{argv: [/no/such/program]}]
  chatty:
    subprocess:
      commands: [{argv: ['yes']}]
      max_output_bytes: 1000
)";

class BadInput : public Scenario {
 protected:
  void SetUp() override {
    start(kHandlers);
    client.emplace(connect());
    tasks.emplace(client->create_queue("tasks", {.capacity = 10}));
    channel = open_channel(server->address());
    queues = v1::QueueService::NewStub(channel);
    pipelines = v1::PipelineService::NewStub(channel);
  }

  void TearDown() override {
    tasks->put("still there");
    EXPECT_THAT(drain(*tasks), ElementsAre("still there"));
    // A connection that is still open holds the server's end up.
    pipelines.reset();
    queues.reset();
    channel.reset();
    tasks.reset();
    client.reset();
    Scenario::TearDown();
  }

  // The reason that a call without the client library gets.
  template <class Stub, class Request, class Response>
  static std::string answer(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                            const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(deadline());
    Response response;
    return e2e::reason_of((stub.*method)(&context, request, &response));
  }

  // Why the stage's handler fails.
  [[nodiscard]] Failure failure_of(const std::string& handler) const {
    const Pipeline pipeline = client->create_pipeline(
        {.name = handler, .stages = {{.input = "in", .output = "out", .handler = handler, .retry = {.max_attempts = 1}}}});
    pipeline.queue("in").put("x");
    pipeline.join({.max_wait = kPatience});
    return only_failure(pipeline.queue("in.dead"));
  }

  std::optional<Client> client;
  std::optional<Queue> tasks;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::QueueService::Stub> queues;
  std::unique_ptr<v1::PipelineService::Stub> pipelines;
};

using Queues = v1::QueueService::Stub;
using Pipelines = v1::PipelineService::Stub;

TEST_F(BadInput, UnknownQueue) {
  const Queue nobody = client->queue("nobody");
  EXPECT_EQ(reason_of([&] { nobody.put("x"); }), "QUEUE_NOT_FOUND");
  EXPECT_EQ(reason_of([&] { static_cast<void>(nobody.get({.max_wait = 0s})); }), "QUEUE_NOT_FOUND");
  EXPECT_EQ(reason_of([&] { nobody.join({.max_wait = kPatience}); }), "QUEUE_NOT_FOUND");
  EXPECT_EQ(reason_of([&] { static_cast<void>(nobody.stats()); }), "QUEUE_NOT_FOUND");
  EXPECT_EQ(reason_of([&] { static_cast<void>(client->pipeline("nobody").stats()); }), "PIPELINE_NOT_FOUND");
}

TEST_F(BadInput, Names) {
  for (const std::string& name :
       {std::string(), std::string(300, 'a'), std::string("-a"), std::string("a b"), std::string("a\n")}) {
    v1::CreateQueueRequest create;
    create.mutable_queue()->set_name(name);
    EXPECT_EQ(answer(*queues, &Queues::CreateQueue, create), "INVALID_NAME") << name;
    v1::GetRequest get;
    get.set_queue(name);
    EXPECT_EQ(answer(*queues, &Queues::Get, get), "INVALID_NAME") << name;
    v1::GetPipelineRequest look;
    look.set_pipeline(name);
    EXPECT_EQ(answer(*pipelines, &Pipelines::GetPipeline, look), "INVALID_NAME") << name;
  }
}

TEST_F(BadInput, NegativeNumbers) {
  v1::GetRequest get;
  get.set_queue("tasks");
  get.mutable_max_wait()->set_seconds(-1);
  EXPECT_EQ(answer(*queues, &Queues::Get, get), "INVALID_VALUE");
  v1::PutRequest put;
  put.set_queue("tasks");
  put.add_items()->mutable_delay()->set_seconds(-1);
  EXPECT_EQ(answer(*queues, &Queues::Put, put), "INVALID_VALUE");
  v1::UpdateQueueRequest update;
  update.set_queue("tasks");
  update.mutable_settings()->mutable_lease_duration()->set_nanos(-5);
  EXPECT_EQ(answer(*queues, &Queues::UpdateQueue, update), "INVALID_VALUE");
  update.Clear();
  update.set_queue("tasks");
  update.mutable_settings()->mutable_retry()->set_jitter(-0.1);
  EXPECT_EQ(answer(*queues, &Queues::UpdateQueue, update), "INVALID_VALUE");
}

TEST_F(BadInput, HugeNumbers) {
  constexpr std::uint32_t kHuge = 4'000'000'000;
  EXPECT_EQ(reason_of([&] { client->create_queue("huge", {.capacity = kHuge}); }), "INVALID_VALUE");
  v1::GetRequest get;
  get.set_queue("tasks");
  get.set_max_items(kHuge);
  EXPECT_EQ(answer(*queues, &Queues::Get, get), "INVALID_VALUE");
  get.set_max_items(1);
  get.mutable_max_wait()->set_seconds(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(answer(*queues, &Queues::Get, get), "INVALID_VALUE");
  v1::PeekRequest peek;
  peek.set_queue("tasks");
  peek.set_page_size(kHuge);
  EXPECT_EQ(answer(*queues, &Queues::Peek, peek), "INVALID_VALUE");
  EXPECT_EQ(
      reason_of([&] {
        client->create_pipeline({.name = "huge", .stages = {{.input = "in", .handler = "builtin.upper", .workers = kHuge}}});
      }),
      "INVALID_VALUE");
}

TEST_F(BadInput, MoreItemsThanTheQueueCanEverHold) {
  const std::vector<NewItem> eleven(11, NewItem{.payload = "x"});
  EXPECT_EQ(reason_of([&] { tasks->put_batch(eleven); }), "BATCH_TOO_LARGE");
  EXPECT_EQ(tasks->stats().unfinished, 0U);
}

TEST_F(BadInput, APayloadOfFiveMebibytes) {
  v1::PutRequest put;
  put.set_queue("tasks");
  put.add_items()->set_payload(std::string(5UL << 20, 'x'));
  EXPECT_EQ(answer(*queues, &Queues::Put, put), "PAYLOAD_TOO_LARGE");
  EXPECT_EQ(reason_of([&] { tasks->put(std::string(5UL << 20, 'x')); }), "PAYLOAD_TOO_LARGE");
  EXPECT_EQ(tasks->stats().unfinished, 0U);
}

TEST_F(BadInput, AttributesThatAreNotUtf8) {
  EXPECT_EQ(reason_of([&] { tasks->put(NewItem{.attributes = {{"name", "\xff\xfe"}}}); }), "INVALID_UTF8");
  // The same by hand, for a client that does not look: queue "tasks", one item with the attribute "k" = "\xff".
  const std::string attribute("\x0a\x01k\x12\x01\xff", 6);
  const std::string item = std::string("\x12\x06", 2) + attribute;
  const std::string request = std::string("\x0a\x05tasks\x12\x08", 9) + item;
  EXPECT_EQ(e2e::reason_of(send_bytes(channel, "/sluice.v1.QueueService/Put", request)), "INVALID_UTF8");
  EXPECT_EQ(tasks->stats().unfinished, 0U);
}

TEST_F(BadInput, BytesThatAreNoRequest) {
  for (const std::string method : {"Put", "Get", "Complete", "CreateQueue", "JoinQueue"}) {
    EXPECT_EQ(e2e::reason_of(send_bytes(channel, "/sluice.v1.QueueService/" + method, "\xff\xff\xff\xff")), "MALFORMED_REQUEST")
        << method;
  }
  EXPECT_EQ(e2e::reason_of(send_bytes(channel, "/sluice.v1.PipelineService/CreatePipeline", "\x0a\xff")), "MALFORMED_REQUEST");
}

TEST_F(BadInput, UnknownHandler) {
  EXPECT_EQ(reason_of([&] { client->create_pipeline({.name = "p", .stages = {{.input = "in", .handler = "nothing"}}}); }),
            "HANDLER_NOT_FOUND");
  EXPECT_EQ(reason_of([&] { static_cast<void>(client->queue("in").stats()); }), "QUEUE_NOT_FOUND") << "half a pipeline";
}

TEST_F(BadInput, AnExecutableThatDoesNotExist) {
  const Failure failure = failure_of("not_there");
  EXPECT_EQ(failure.reason, "SPAWN_FAILED");
  EXPECT_THAT(failure.message, testing::HasSubstr("/no/such/program"));
}

TEST_F(BadInput, OutputLargerThanItsCap) {
  const Failure failure = failure_of("chatty");
  EXPECT_EQ(failure.reason, "OUTPUT_TOO_LARGE");
  EXPECT_THAT(failure.message, testing::HasSubstr("1000"));
}

}  // namespace
}  // namespace sluice::e2e
