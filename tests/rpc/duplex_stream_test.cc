// A stream that ends while a request of it is being worked on.
#include "server/rpc/duplex_stream.h"

#include <atomic>
#include <future>
#include <thread>

#include "server/base/errors.h"
#include "tests/rpc/fixture.h"

namespace sluice::rpc {
namespace {

// Begins its work only when it is told to. Not known to gRPC: what it would write or finish is kept for a call that never
// comes, and the reactions are the test's to call.
class HeldStream final : public DuplexStream {
 public:
  HeldStream(House& house, grpc::CallbackServerContext& context)
      : DuplexStream("QueueService/Consume"_method, &context, house) {}
  ~HeldStream() override = default;

  void end_now() { end(base::error(base::Reason::kShuttingDown, "the server is going down")); }

  std::promise<void> taking;     // kept when a request is being worked on
  std::promise<void> may_begin;  // to be kept by the test
  std::atomic<bool> begun = false;
  std::atomic<int> let_go_after_begin = 0;

 protected:
  [[nodiscard]] bool wants_more() const override { return true; }
  [[nodiscard]] bool busy() const override { return begun && let_go_after_begin == 0; }
  [[nodiscard]] bool has_answer() const override { return false; }
  absl::Status take(grpc::ByteBuffer&) override {
    taking.set_value();
    may_begin.get_future().wait();
    begun = true;
    return absl::OkStatus();
  }
  grpc::ByteBuffer answer_next() override { return {}; }
  void let_go(End) override {
    if (begun) ++let_go_after_begin;
  }
};

class DuplexStreamTest : public RpcTest {
 protected:
  [[nodiscard]] std::uint64_t finished() const {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < house_.counts.names().size(); ++i) {
      for (const auto& count : house_.counts.method(i).handled) sum += count;
    }
    return sum;
  }

  base::SystemClock clock_;
  House house_{.runtime = server_.runtime(), .clock = clock_};
  grpc::CallbackServerContext context_;  // of no call
};

TEST_F(DuplexStreamTest, FinishesOnlyWhenWhatARequestBeganIsLetGo) {
  HeldStream stream(house_, context_);
  std::thread reader([&] { stream.OnReadDone(true); });
  stream.taking.get_future().wait();
  stream.end_now();
  EXPECT_EQ(finished(), 0U) << "the request is about to begin something";
  stream.may_begin.set_value();
  reader.join();
  EXPECT_EQ(stream.let_go_after_begin, 1);
  EXPECT_EQ(finished(), 1U);
}

TEST_F(DuplexStreamTest, BeginsNothingOnceItHasEnded) {
  HeldStream stream(house_, context_);
  stream.end_now();
  stream.OnReadDone(true);
  EXPECT_FALSE(stream.begun);
  EXPECT_EQ(finished(), 1U);
}

}  // namespace
}  // namespace sluice::rpc
