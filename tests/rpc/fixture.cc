#include "tests/rpc/fixture.h"

#include <stdexcept>
#include <vector>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace sluice::rpc {
namespace {

std::optional<google::rpc::ErrorInfo> info_of(const grpc::Status& status) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  if (!details.ParseFromString(status.error_details()) || details.details_size() != 1 || !details.details(0).UnpackTo(&info)) {
    return std::nullopt;
  }
  // What clients in other languages look at must say the same.
  EXPECT_EQ(details.code(), status.error_code());
  EXPECT_EQ(details.message(), status.error_message());
  EXPECT_EQ(info.domain(), "sluice");
  return info;
}

// Gives its input back.
class Echo final : public handlers::Handler {
 public:
  boost::asio::awaitable<handlers::Outcome> run(const handlers::Input& input, handlers::Context&) override {
    co_return std::vector<handlers::Output>{{std::string(input.payload()), std::nullopt}};
  }
  [[nodiscard]] std::string_view kind() const override { return "native"; }
  [[nodiscard]] std::string_view description() const override { return "Gives its input back."; }
  [[nodiscard]] std::optional<base::Duration> timeout() const override { return 90s; }
};

handlers::Registry test_handlers() {
  handlers::Registry registry;
  for (const char* name : {"copy", "echo", "mirror"}) {
    if (!registry.add(name, std::make_shared<Echo>()).ok()) throw std::logic_error("the registry refused a handler");
  }
  return registry;
}

template <class Response>
std::unique_ptr<Pending<Response>> new_pending(std::optional<std::chrono::milliseconds> deadline) {
  auto pending = std::make_unique<Pending<Response>>();
  if (deadline) pending->context.set_deadline(std::chrono::system_clock::now() + *deadline);
  return pending;
}

template <class Response>
auto ending(Pending<Response>& pending) {
  return [&pending](const grpc::Status& status) { pending.done.set_value(status); };
}

}  // namespace

std::string reason_of(const grpc::Status& status) {
  if (status.ok()) return "";
  const auto info = info_of(status);
  return info ? info->reason() : "?";
}

std::string metadata_of(const grpc::Status& status, const std::string& key) {
  const auto info = info_of(status);
  if (!info) return "";
  const auto found = info->metadata().find(key);
  return found == info->metadata().end() ? "" : found->second;
}

google::protobuf::Duration duration(std::chrono::milliseconds time) {
  google::protobuf::Duration value;
  value.set_seconds(time.count() / 1'000);
  value.set_nanos(static_cast<std::int32_t>(time.count() % 1'000) * 1'000'000);
  return value;
}

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
  }
  return true;
}

TestServer::TestServer(std::unique_ptr<journal::Journal> journal)
    : journal_(std::move(journal)), registry_(test_handlers()), runtime_({}, clock_, *journal_, registry_) {
  if (const auto status = runtime_.start(nullptr); !status.ok()) throw std::runtime_error(status.ToString());
  grpc_ = std::make_unique<GrpcServer>(runtime_, clock_);
  const auto port = grpc_->start("127.0.0.1:0");
  if (!port.ok()) throw std::runtime_error(port.status().ToString());
  grpc_->serve();
  address_ = "127.0.0.1:" + std::to_string(*port);
}

TestServer::~TestServer() {
  grpc_->shutdown(5s);
  runtime_.stop();
}

std::shared_ptr<grpc::Channel> TestServer::new_channel() const {
  grpc::ChannelArguments arguments;
  // Connections are not shared between the clients of a test.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(), arguments);
}

Client::Client(const TestServer& server)
    : channel_(server.new_channel()),
      queues_(v1::QueueService::NewStub(channel_)),
      pipelines_(v1::PipelineService::NewStub(channel_)) {}

grpc::Status Client::create(const std::string& queue, std::uint32_t capacity,
                            const std::function<void(v1::QueueSettings&)>& change) {
  v1::CreateQueueRequest request;
  request.mutable_queue()->set_name(queue);
  request.mutable_queue()->mutable_settings()->set_capacity(capacity);
  if (change) change(*request.mutable_queue()->mutable_settings());
  v1::CreateQueueResponse response;
  return call(&Queues::CreateQueue, request, response);
}

v1::Queue Client::look(const std::string& queue) {
  v1::GetQueueRequest request;
  request.set_queue(queue);
  v1::GetQueueResponse response;
  EXPECT_THAT(call(&Queues::GetQueue, request, response), IsOk());
  return response.queue();
}

grpc::Status Client::put(const std::string& queue, const std::string& payload) {
  v1::PutRequest request;
  request.set_queue(queue);
  request.add_items()->set_payload(payload);
  *request.mutable_max_wait() = duration(0ms);
  v1::PutResponse response;
  return call(&Queues::Put, request, response);
}

v1::LeasedItem Client::get(const std::string& queue) {
  v1::GetRequest request;
  request.set_queue(queue);
  *request.mutable_max_wait() = duration(0ms);
  v1::GetResponse response;
  EXPECT_THAT(call(&Queues::Get, request, response), IsOk());
  EXPECT_EQ(response.items_size(), 1);
  return response.items_size() == 1 ? response.items(0) : v1::LeasedItem();
}

grpc::Status Client::complete(const std::string& queue, const v1::LeasedItem& item) {
  v1::CompleteRequest request;
  request.set_queue(queue);
  request.add_completions()->set_lease_token(item.lease_token());
  v1::CompleteResponse response;
  auto status = call(&Queues::Complete, request, response);
  for (const auto& result : response.results()) EXPECT_EQ(result.error_reason(), "");
  return status;
}

std::unique_ptr<Pending<v1::PutResponse>> Client::start_put(const std::string& queue, const std::string& payload,
                                                            std::optional<std::chrono::milliseconds> deadline) {
  auto pending = new_pending<v1::PutResponse>(deadline);
  v1::PutRequest request;
  request.set_queue(queue);
  request.add_items()->set_payload(payload);
  queues_->async()->Put(&pending->context, &request, &pending->response, ending(*pending));
  return pending;
}

std::unique_ptr<Pending<v1::GetResponse>> Client::start_get(const std::string& queue,
                                                            std::optional<std::chrono::milliseconds> deadline) {
  auto pending = new_pending<v1::GetResponse>(deadline);
  v1::GetRequest request;
  request.set_queue(queue);
  queues_->async()->Get(&pending->context, &request, &pending->response, ending(*pending));
  return pending;
}

std::unique_ptr<Pending<v1::CompleteResponse>> Client::start_complete(const v1::CompleteRequest& request) {
  auto pending = new_pending<v1::CompleteResponse>(std::nullopt);
  queues_->async()->Complete(&pending->context, &request, &pending->response, ending(*pending));
  return pending;
}

}  // namespace sluice::rpc
