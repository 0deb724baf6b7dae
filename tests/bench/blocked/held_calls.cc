#include "tests/bench/blocked/held_calls.h"

#include <stdexcept>

#include "tests/bench/load/streams.h"

namespace sluice::bench {
namespace {

constexpr std::chrono::seconds kPatience{30};

}  // namespace

grpc::ByteBuffer bytes_of(const google::protobuf::MessageLite& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return {&slice, 1};
}

HeldCalls::HeldCalls(const std::string& address, int connections) {
  for (int i = 0; i < connections; ++i) {
    const auto channel = new_channel(address);
    if (!channel->WaitForConnected(std::chrono::system_clock::now() + kPatience)) throw std::runtime_error("cannot connect");
    stubs_.push_back(std::make_unique<grpc::GenericStub>(channel));
  }
}

HeldCalls::~HeldCalls() {
  std::unique_lock lock(mutex_);
  over_ = true;
  for (Call& call : calls_) call.context->TryCancel();
  changed_.wait(lock, [this] { return open_ == 0; });
}

void HeldCalls::make(int count, const std::string& method, const google::protobuf::MessageLite& request) {
  for (int i = 0; i < count; ++i) {
    const std::lock_guard lock(mutex_);
    calls_.push_back({.stub = stubs_[static_cast<std::size_t>(i) % stubs_.size()].get(),
                      .method = method,
                      .request = bytes_of(request),
                      .response = {},
                      .context = {}});
    ++open_;
    start(calls_.back());
  }
}

void HeldCalls::start(Call& call) {
  call.context = std::make_unique<grpc::ClientContext>();
  call.stub->UnaryCall(call.context.get(), call.method, {}, &call.request, &call.response,
                       [this, &call](const grpc::Status& status) { over(call, status); });
}

void HeldCalls::over(Call& call, const grpc::Status& status) {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  if (over_ || !status.ok()) {
    if (!over_) error_ = status.error_message();
    --open_;
  } else {
    answers_.push_back(now);
    start(call);
  }
  changed_.notify_all();
}

Clock::time_point HeldCalls::next_answer() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [this] { return !answers_.empty() || !error_.empty(); })) {
    throw std::runtime_error("no blocked call was answered");
  }
  if (!error_.empty()) throw std::runtime_error("a blocked call failed: " + error_);
  const auto answer = answers_.front();
  answers_.pop_front();
  return answer;
}

}  // namespace sluice::bench
