#include "tests/handlers/crew_support.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include "gtest/gtest.h"
#include "server/handlers/exits.h"

namespace sluice::handlers {
namespace {

namespace asio = boost::asio;
using Strand = asio::strand<asio::io_context::executor_type>;

// What a worker is to its handler. Its strand guards it.
class WorkerContext final : public Context, public std::enable_shared_from_this<WorkerContext> {
 public:
  explicit WorkerContext(Strand strand) : strand_(std::move(strand)) {}

  void set_pid(std::int64_t) override {}
  void on_stop(std::function<void()> stop) override {
    stop_ = std::move(stop);
    if (is_stopped_ && stop_) post_stop();
  }
  // Any thread.
  void post_stop() {
    asio::post(strand_, [self = shared_from_this()] {
      self->is_stopped_ = true;
      if (auto stop = std::exchange(self->stop_, nullptr)) stop();
    });
  }

 private:
  Strand strand_;
  std::function<void()> stop_;
  bool is_stopped_ = false;
};

struct Work {
  Input input;
  std::shared_ptr<WorkerContext> context;
  std::promise<Outcome> outcome;
};

}  // namespace

Outcome Pending::outcome() const {
  const bool is_there = outcome_.wait_for(kPatience) == std::future_status::ready;
  EXPECT_TRUE(is_there) << "the item did not end";
  return is_there ? outcome_.get() : Outcome(Error{.failure = {.reason = "NOT_RUN"}});
}

bool Pending::is_over() const { return outcome_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }

Workers::Workers(CoprocessSpec spec, std::size_t threads)
    : io_(std::make_unique<asio::io_context>(static_cast<int>(threads))), work_(asio::make_work_guard(*io_)) {
  auto made = make_coprocess(std::move(spec));
  EXPECT_TRUE(made.ok()) << made.status();
  handler_ = *std::move(made);
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([io = io_.get()] { io->run(); });
  }
}

Workers::~Workers() {
  if (!io_) return;
  if (!ended_) end();
  vanish();
}

void Workers::end() {
  ended_ = true;
  std::promise<void> over;
  handler_->end([&over] { over.set_value(); });
  ASSERT_EQ(over.get_future().wait_for(kPatience), std::future_status::ready) << "the children did not end";
}

void Workers::vanish() {
  work_.reset();
  io_->stop();
  threads_.clear();
  io_.reset();
}

Pending Workers::put(std::string payload, model::Attributes attributes, std::shared_ptr<ProgressSink> sink) {
  const auto work = std::make_shared<Work>();
  const Strand strand = asio::make_strand(*io_);
  work->input = item(std::move(payload), std::move(attributes));
  work->input.item = model::ItemId{next_id_++};
  work->input.progress_sink = std::move(sink);
  work->context = std::make_shared<WorkerContext>(strand);
  std::shared_future<Outcome> outcome = work->outcome.get_future().share();
  asio::co_spawn(strand, handler_->run(work->input, *work->context), [work](const std::exception_ptr& failure, Outcome result) {
    if (failure) return work->outcome.set_exception(failure);
    work->outcome.set_value(std::move(result));
  });
  // Whoever waits for the outcome may outlive the threads, and the strand must not.
  auto stop = std::make_shared<std::function<void()>>([context = std::weak_ptr(work->context)] {
    if (const auto still = context.lock()) still->post_stop();
  });
  return Pending(std::move(outcome), std::move(stop));
}

std::uint64_t Workers::exits(std::string_view reason) const {
  for (const auto& [name, count] : dynamic_cast<const HasChildren&>(*handler_).exits().counts()) {
    if (name == reason) return count;
  }
  ADD_FAILURE() << "no exits are counted as " << reason;
  return 0;
}

CoprocessSpec obedient() {
  CoprocessSpec spec;
  spec.command.argv = {"python3", SLUICE_COPROCESS_CHILD};
  return spec;
}

CoprocessSpec by_lines(std::string script) {
  CoprocessSpec spec;
  spec.command.shell = std::move(script);
  spec.protocol = CoprocessProtocol::kLines;
  return spec;
}

}  // namespace sluice::handlers
