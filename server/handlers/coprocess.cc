#include "server/handlers/coprocess.h"

#include <mutex>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/execution/context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "server/handlers/coprocess/crew.h"
#include "server/handlers/coprocess/crew_service.h"
#include "server/handlers/coprocess/plan.h"
#include "server/handlers/exits.h"
#include "server/handlers/process/guard.h"
#include "server/handlers/process/spawn.h"

namespace sluice::handlers {
namespace {

namespace asio = boost::asio;

// Waits for the next news. The coroutine belongs to its job meanwhile.
asio::awaitable<News> next_news(const std::shared_ptr<Crew>& crew, const JobPtr& job, std::int64_t known_pid) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(News)>(
      [crew, job, known_pid](auto handler) {
        crew->tell(job, known_pid, [handler = std::move(handler)](News news) mutable {
          const auto executor = asio::get_associated_executor(handler);
          asio::post(executor,
                     [handler = std::move(handler), news = std::move(news)]() mutable { std::move(handler)(std::move(news)); });
        });
      },
      asio::use_awaitable);
}

class CoprocessHandler final : public Handler, public HasChildren {
 public:
  explicit CoprocessHandler(std::shared_ptr<const CoprocessPlan> plan)
      : plan_(std::move(plan)), guard_(Guard::shared()), exits_(std::make_shared<Exits>()) {}
  ~CoprocessHandler() override {
    if (const auto crew = crew_.lock()) crew->end(nullptr);
  }
  CoprocessHandler(const CoprocessHandler&) = delete;
  CoprocessHandler& operator=(const CoprocessHandler&) = delete;

  asio::awaitable<Outcome> run(const Input& input, Context& context) override {
    if (auto objection = plan_->protocol().objection(input)) co_return *std::move(objection);
    const auto crew = crew_on(co_await asio::this_coro::executor);
    const auto job = std::make_shared<Job>(input);
    News news = crew->submit(job);
    context.on_stop([crew = std::weak_ptr(crew), job = std::weak_ptr(job)] {
      const auto its_crew = crew.lock();
      const auto stopped = job.lock();
      if (its_crew && stopped) its_crew->give_up(stopped);
    });
    while (!news.outcome) {
      context.set_pid(news.pid);
      news = co_await next_news(crew, job, news.pid);
    }
    context.on_stop(nullptr);
    context.set_pid(0);
    co_return *std::move(news.outcome);
  }

  void end(std::function<void()> done) override {
    std::shared_ptr<Crew> crew;
    {
      const std::lock_guard lock(mutex_);
      crew = crew_.lock();
    }
    if (!crew) return done();
    crew->end(std::move(done));
  }

  [[nodiscard]] std::string_view kind() const override { return "coprocess"; }
  [[nodiscard]] std::string_view description() const override { return plan_->spec().description; }
  [[nodiscard]] std::optional<base::Duration> timeout() const override { return plan_->spec().timeout; }
  [[nodiscard]] const Exits& exits() const override { return *exits_; }

 private:
  // The crew on the executor's context: made by the first item.
  std::shared_ptr<Crew> crew_on(const asio::any_io_executor& executor) {
    const std::lock_guard lock(mutex_);
    auto crew = crew_.lock();
    if (crew) return crew;
    auto& context = static_cast<asio::io_context&>(asio::query(executor, asio::execution::context));
    crew = std::make_shared<Crew>(plan_, guard_, exits_, context);
    asio::use_service<CrewService>(context).add(crew);
    crew_ = crew;
    return crew;
  }

  const std::shared_ptr<const CoprocessPlan> plan_;
  const std::shared_ptr<Guard> guard_;
  const std::shared_ptr<Exits> exits_;
  std::mutex mutex_;
  std::weak_ptr<Crew> crew_;
};

}  // namespace

absl::StatusOr<std::shared_ptr<Handler>> make_coprocess(CoprocessSpec spec) {
  auto plan = CoprocessPlan::make(std::move(spec));
  if (!plan.ok()) return plan.status();
  heed_children();
  return std::make_shared<CoprocessHandler>(*std::move(plan));
}

std::vector<std::string> coprocess_warnings(const CoprocessSpec& spec) {
  if (auto checked = check(spec); !checked.ok()) return {std::string(checked.message())};
  const Surroundings surroundings(spec);
  std::vector<Program> programs;
  programs.emplace_back(spec.command, surroundings);
  return warnings_of(surroundings, programs);
}

}  // namespace sluice::handlers
