#include "client/cli/put_lines.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <system_error>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/cli/fd.h"
#include "sluice/error.h"
#include "tests/client/fake_server.h"
#include "tests/client/signal.h"

namespace sluice::cli {
namespace {

using namespace std::chrono_literals;
using test::Counter;
using test::FakeServer;
using test::named_error;

class Lines : public testing::Test {
 protected:
  Lines() {
    server_.get_queue.answer([this](grpc::ServerContext&, const v1::GetQueueRequest&, v1::GetQueueResponse& response) {
      response.mutable_queue()->mutable_settings()->set_capacity(capacity_);
      return grpc::Status::OK;
    });
    server_.put.answer([this](grpc::ServerContext&, const v1::PutRequest& request, v1::PutResponse& response) {
      for (const auto& item : request.items()) {
        put_.push_back(item.payload());
        response.add_item_ids(put_.size());
      }
      return grpc::Status::OK;
    });
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
    read_ = Fd(ends[0]);
    write_ = Fd(ends[1]);
  }

  PutLines lines() {
    v1::NewItem model;
    model.set_priority(3);
    return {std::make_shared<internal::Connection>(server_.address(), ClientOptions()), "tasks", model, std::nullopt};
  }
  void write(const std::string& text) const { ASSERT_EQ(::write(write_.get(), text.data(), text.size()), std::ssize(text)); }

  std::uint32_t capacity_ = 0;
  FakeServer server_;
  std::vector<std::string> put_;
  Fd read_;
  Fd write_;
};

TEST_F(Lines, EachIsAnItemTheLastAlsoWithoutItsNewline) {
  write("one\n\nthree\nfour");
  write_.reset();
  PutLines lines = this->lines();
  lines.run(read_.get(), {});
  EXPECT_THAT(put_, testing::ElementsAre("one", "", "three", "four"));
  EXPECT_EQ(lines.acknowledged(), 4u);
  EXPECT_EQ(server_.put.requests().at(0).items(0).priority(), 3);
}

TEST_F(Lines, GatherWhileACallIsUnderWay) {
  Counter calls;
  std::stop_source go;
  server_.put.answer([&](grpc::ServerContext&, const v1::PutRequest& request, v1::PutResponse& response) {
    calls.add();
    while (!go.stop_requested()) std::this_thread::yield();
    for (int i = 0; i < request.items_size(); ++i) response.add_item_ids(1);
    return grpc::Status::OK;
  });
  PutLines lines = this->lines();
  std::jthread runner([&] { lines.run(read_.get(), {}); });
  write("first\n");
  ASSERT_TRUE(calls.wait_for(1));
  for (int i = 0; i < 100; ++i) write("more\n");
  write_.reset();
  go.request_stop();
  runner.join();
  EXPECT_EQ(lines.acknowledged(), 101u);
  EXPECT_LT(server_.put.requests().size(), 101u) << "what came meanwhile went together";
}

TEST_F(Lines, ComeInPartsThatTheQueueCanTake) {
  capacity_ = 10;
  for (int i = 0; i < 100; ++i) write("x\n");
  write_.reset();
  PutLines lines = this->lines();
  lines.run(read_.get(), {});
  EXPECT_EQ(lines.acknowledged(), 100u);
  for (const auto& request : server_.put.requests()) EXPECT_LE(request.items_size(), 5);
}

TEST_F(Lines, AFullQueueHoldsBackTheReading) {
  capacity_ = 4;
  Counter calls;
  server_.put.answer([&calls](grpc::ServerContext& context, const v1::PutRequest& request, v1::PutResponse&) {
    calls.add();
    if (request.has_max_wait()) return named_error(grpc::StatusCode::RESOURCE_EXHAUSTED, "QUEUE_FULL", "full");
    while (!context.IsCancelled()) std::this_thread::yield();
    return test::lost();
  });
  std::stop_source stop;
  PutLines lines = this->lines();
  bool cancelled = false;
  std::jthread runner([&] {
    try {
      lines.run(read_.get(), stop.get_token());
    } catch (const Cancelled&) {
      cancelled = true;
    }
  });
  write("x\n");
  ASSERT_TRUE(calls.wait_for(1));
  // Far more than the memory for it: nobody would take it all.
  fcntl(write_.get(), F_SETFL, O_NONBLOCK);
  const std::string block(std::size_t{1} << 16, '\n');
  std::size_t taken = 0;
  const auto deadline = std::chrono::steady_clock::now() + 200ms;
  while (std::chrono::steady_clock::now() < deadline) {
    const ssize_t count = ::write(write_.get(), block.data(), block.size());
    if (count > 0) taken += static_cast<std::size_t>(count);
  }
  EXPECT_LT(taken, 2UL << 20);
  stop.request_stop();
  runner.join();
  EXPECT_TRUE(cancelled);
  EXPECT_EQ(lines.acknowledged(), 0u);
  EXPECT_EQ(lines.uncertain(), 0u);
}

TEST_F(Lines, AStopEndsTheWaitForInput) {
  std::stop_source stop;
  PutLines lines = this->lines();
  write("one\n");
  server_.put.answer([&stop](grpc::ServerContext&, const v1::PutRequest&, v1::PutResponse& response) {
    response.add_item_ids(1);
    stop.request_stop();
    return grpc::Status::OK;
  });
  EXPECT_THROW(lines.run(read_.get(), stop.get_token()), Cancelled);
}

TEST_F(Lines, AnErrorEndsTheReading) {
  server_.put.answer([](grpc::ServerContext&, const v1::PutRequest&, v1::PutResponse&) {
    return named_error(grpc::StatusCode::FAILED_PRECONDITION, "QUEUE_CLOSED", "closed");
  });
  write("one\n");
  PutLines lines = this->lines();
  EXPECT_THROW(lines.run(read_.get(), {}), QueueClosed) << "though standard input is still open";
  EXPECT_EQ(lines.acknowledged(), 0u);
  EXPECT_EQ(lines.uncertain(), 0u);
}

}  // namespace
}  // namespace sluice::cli
