#include "server/server.h"

#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "server/admin/admin_server.h"
#include "server/base/clock.h"
#include "server/base/errors.h"
#include "server/base/reaction.h"
#include "server/config/handlers.h"
#include "server/config/load.h"
#include "server/configured.h"
#include "server/handlers/builtins.h"
#include "server/handlers/registry.h"
#include "server/journal/fault.h"
#include "server/journal/lmdb.h"
#include "server/journal/memory.h"
#include "server/log/log.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/listen_address.h"
#include "server/runtime/runtime.h"
#include "server/store_tools.h"
#include "server/store_watch.h"
#include "server/supervisor.h"

namespace sluice {
namespace {

// What ends a server that runs: a signal, or its store.
class End {
 public:
  void come_by_signal(int number) {
    const std::lock_guard lock(mutex_);
    signal_ = number;
    changed_.notify_all();
  }
  void come_by_failure(const absl::Status& failure) {
    const std::lock_guard lock(mutex_);
    failure_ = failure;
    changed_.notify_all();
  }
  // The number of the signal, none for a failure.
  std::optional<int> wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return signal_.has_value() || !failure_.ok(); });
    return failure_.ok() ? signal_ : std::nullopt;
  }
  // OK if there was none so far.
  [[nodiscard]] absl::Status failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<int> signal_;
  absl::Status failure_;
};

runtime::RuntimeOptions runtime_options(const config::Settings& settings, const base::Clock& clock) {
  runtime::RuntimeOptions options;
  options.threads = settings.threads;
  options.engine.payload_memory_bytes = settings.payload_memory_bytes;
  options.engine.seed = std::random_device()();
  // Nobody counts up a million ids a second for long: ids that begin with the time do not come twice, even where no journal
  // remembers the last one.
  options.engine.first_id = static_cast<std::uint64_t>(clock.now().time_since_epoch().count());
  return options;
}

// Whoever never chose a directory is to learn that there is a choice.
absl::Status with_data_hint(const absl::Status& status) {
  if (absl::IsDataLoss(status)) return status;
  return {status.code(), fmt::format("{} (--data DIR says where; --data none keeps everything in memory only)",
                                     std::string(status.message()))};
}

// On standard output, for scripts that wait for it.
void say(std::string_view line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

// The address as it was given, with the port that it became.
std::string with_port(const std::string& address, int port) {
  return fmt::format("{}:{}", address.substr(0, address.rfind(':')), port);
}

int check_only(const config::Loaded& loaded) {
  const std::string name = loaded.file.empty() ? "configuration" : loaded.file;
  for (const auto& warning : loaded.warnings) fmt::print(stderr, "{}: warning: {}\n", name, warning);
  fmt::print(stderr, "{}", loaded.complaints);
  if (loaded.ok()) fmt::print("{}: ok\n", name);
  return loaded.ok() ? kExitOk : kExitFailed;
}

}  // namespace

class Server::Parts {
 public:
  explicit Parts(std::unique_ptr<journal::Journal> journal)
      : registered_(handlers::add_builtins(registry_)), journal_(std::move(journal)) {}
  ~Parts() { stop(); }

  void add_handler(std::string name, std::shared_ptr<handlers::Handler> handler) {
    auto status = registry_.add(std::move(name), std::move(handler));
    if (registered_.ok()) registered_ = std::move(status);
  }

  int run(int argc, const char* const* argv);
  absl::Status start(config::Settings settings);
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] const std::string& admin_address() const { return admin_address_; }
  void stop();

 private:
  absl::Status add_configured_handlers();
  absl::Status open_journal();
  absl::Status listen();
  absl::Status recover();
  absl::Status serve();
  absl::Status listen_admin();
  void tell_full(bool full);
  // OK while new work is taken.
  [[nodiscard]] absl::Status ready() const;
  int run_until_end(Supervisor& supervisor);
  // On the supervisor's thread.
  void end_by_signal(int number);
  void finish(base::Duration drain_limit);

  base::SystemClock clock_;
  handlers::Registry registry_;
  absl::Status registered_;  // the first error of add_handler()
  config::Settings settings_;
  std::filesystem::path store_file_;  // empty: nothing is kept, or elsewhere
  std::optional<journal::FaultGuard> guard_;
  std::unique_ptr<journal::Journal> journal_;  // null before start(), unless given
  End end_;
  std::string address_;
  std::function<void()> on_listening_;  // run() only
  std::string admin_address_;           // empty: there is none
  std::atomic<bool> reading_ = false;   // its store
  std::atomic<bool> recovered_ = false;
  std::atomic<bool> draining_ = false;
  // In the order of their start; destroyed the other way round.
  std::optional<base::SlowReactions> slow_reactions_;
  std::optional<runtime::Runtime> runtime_;
  std::optional<rpc::GrpcServer> grpc_;
  std::optional<admin::AdminServer> admin_;
  std::optional<StoreWatch> watch_;
};

absl::Status Server::Parts::add_configured_handlers() {
  for (const auto& [name, spec] : settings_.handlers) {
    auto handler = config::make_handler(spec);
    if (!handler.ok()) return handler.status();
    if (auto status = registry_.add(name, *std::move(handler)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Server::Parts::open_journal() {
  if (journal_) return absl::OkStatus();
  if (settings_.data.empty()) {
    journal_ = std::make_unique<journal::MemoryJournal>();
    log::info("keeping everything in memory only: nothing is left at the end; --data DIR makes it durable");
    return absl::OkStatus();
  }
  log::info("keeping everything on disk", {{"data", settings_.data.string()}});
  auto opened = journal::LmdbJournal::open({.directory = settings_.data, .max_bytes = settings_.data_max_bytes});
  if (!opened.ok()) return with_data_hint(opened.status());
  store_file_ = (*opened)->store().file();
  journal_ = *std::move(opened);
  return absl::OkStatus();
}

absl::Status Server::Parts::recover() {
  // A page of the store that is not there would end the process without a word.
  if (!store_file_.empty()) guard_.emplace(store_file_);
  reading_ = true;
  const auto tell = [this](const runtime::Recovered& so_far) {
    if (so_far.complete) reading_ = false;
    if (store_file_.empty()) return;
    log::info(so_far.complete ? "recovered" : "recovering", {{"data", settings_.data.string()},
                                                             {"queues", so_far.queues},
                                                             {"items", so_far.items},
                                                             {"bytes", so_far.bytes},
                                                             {"took_s", so_far.took}});
  };
  auto status = runtime_->start([this](const absl::Status& failure) { end_.come_by_failure(failure); }, tell);
  reading_ = false;
  // Payloads are still read back from it.
  guard_.reset();
  if (!store_file_.empty()) guard_.emplace(store_file_, journal::FaultGuard::Faults::kMissingPages);
  return status;
}

absl::Status Server::Parts::listen() {
  grpc_.emplace(*runtime_, clock_);
  rpc::wait_for_address(settings_.listen);
  const auto port = grpc_->start(settings_.listen, settings_.keepalive);
  if (!port.ok()) return port.status();
  address_ = with_port(settings_.listen, *port);
  if (auto status = listen_admin(); !status.ok()) return status;
  if (on_listening_) on_listening_();
  return absl::OkStatus();
}

absl::Status Server::Parts::serve() {
  if (auto opened = open_journal(); !opened.ok()) return opened;
  runtime_.emplace(runtime_options(settings_, clock_), clock_, *journal_, registry_);
  // First of all, so that whoever asks can be told to wait.
  auto status = listen();
  if (status.ok()) status = recover();
  if (status.ok()) {
    status = apply_configured(*runtime_, settings_.queues, settings_.limits, settings_.pipelines, settings_.schedules);
  }
  if (!status.ok()) return status;
  watch_.emplace(*journal_, [this](bool full) { tell_full(full); });
  grpc_->serve();
  recovered_ = true;
  return status;
}

absl::Status Server::Parts::listen_admin() {
  if (settings_.admin.listen.empty()) return absl::OkStatus();
  admin_.emplace(admin::House{.runtime = *runtime_,
                              .clock = clock_,
                              .calls = grpc_->counts(),
                              .journal = *journal_,
                              .version = SLUICE_VERSION,
                              .access = {.actions = settings_.admin.actions,
                                         .token = settings_.admin.token,
                                         .allowed_hosts = settings_.admin.allowed_hosts},
                              .ready = [this] { return ready(); }});
  rpc::wait_for_address(settings_.admin.listen);
  const auto port = admin_->start(settings_.admin.listen);
  if (!port.ok()) return port.status();
  admin_address_ = with_port(settings_.admin.listen, *port);
  return absl::OkStatus();
}

void Server::Parts::tell_full(bool full) {
  if (full) {
    log::warn("the store is full: puts are refused, consumers go on", {{"data", settings_.data.string()}});
  } else {
    log::info("the store has room again", {{"data", settings_.data.string()}});
  }
  grpc_->set_room(!full);
}

absl::Status Server::Parts::ready() const {
  if (!recovered_) return base::error(base::Reason::kRecovering, "the server still reads its store; try again in a moment");
  if (const auto failure = end_.failure(); !failure.ok()) {
    return base::error(base::Reason::kStoreFailed, fmt::format("the store failed: {}", std::string(failure.message())));
  }
  if (draining_) return base::error(base::Reason::kShuttingDown, "the server is going down");
  if (journal_->full()) {
    return base::error(
        base::Reason::kStoreFull,
        "the store has no room for new work; consumers go on: let them drain, free disk space, or raise the limit");
  }
  return absl::OkStatus();
}

absl::Status Server::Parts::start(config::Settings settings) {
  settings_ = std::move(settings);
  if (!registered_.ok()) return registered_;
  if (auto status = add_configured_handlers(); !status.ok()) return status;
  if (settings_.debug_slow_reactions) {
    slow_reactions_.emplace(*settings_.debug_slow_reactions, [](std::string_view reaction, base::Duration held) {
      log::warn("a reaction held its thread for too long", {{"reaction", reaction}, {"held_s", held}});
    });
  }
  auto status = serve();
  if (!status.ok()) finish(base::Duration{0});
  return status;
}

void Server::Parts::stop() { finish(settings_.drain_timeout); }

void Server::Parts::finish(base::Duration drain_limit) {
  draining_ = true;
  watch_.reset();
  if (grpc_) grpc_->refuse_new_work();
  const bool drained = !runtime_ || runtime_->drain(drain_limit);
  if (!drained && drain_limit > base::Duration{0}) {
    log::warn("running work did not finish in time and goes back to its queues", {{"drain_timeout_s", drain_limit}});
  }
  if (grpc_) grpc_->shutdown(limits::kLastCallsTimeout);
  // It can be looked at until the end.
  if (admin_) admin_->stop();
  if (runtime_) runtime_->stop();
  admin_.reset();
  grpc_.reset();
  runtime_.reset();
  slow_reactions_.reset();
}

void Server::Parts::end_by_signal(int number) {
  // Nothing has begun that would have to be taken back, finished or written.
  if (reading_) {
    log::info("stopped while it read its store", {{"signal", number}});
    std::_Exit(kExitOk);
  }
  end_.come_by_signal(number);
}

int Server::Parts::run_until_end(Supervisor& supervisor) {
  log::info("serving", {{"address", address_},
                        {"admin", admin_address_},
                        {"handlers", registry_.all().size()},
                        {"queues", settings_.queues.size()},
                        {"pipelines", settings_.pipelines.size()}});
  say("ready");
  const auto signal = end_.wait();
  const base::Duration drain_limit = signal ? settings_.drain_timeout : base::Duration{0};
  supervisor.must_end_by(std::chrono::steady_clock::now() + drain_limit + limits::kEndTimeout);
  log::info("stopping", {{"signal", signal.value_or(0)}, {"drain_timeout_s", drain_limit}});
  finish(drain_limit);
  // Also one that came while the rest was written.
  if (const auto failure = end_.failure(); !failure.ok()) {
    log::error("stopped, because the store failed", {{"error", std::string(failure.message())}});
    return kExitFailed;
  }
  log::info("stopped");
  return kExitOk;
}

int Server::Parts::run(int argc, const char* const* argv) {
  auto parsed = config::parse_flags(argc, argv);
  if (const auto* answer = std::get_if<config::Answer>(&parsed)) {
    fmt::print("{}", answer->output);
    fmt::print(stderr, "{}", answer->error);
    return answer->exit_code;
  }
  const auto& flags = std::get<config::Flags>(parsed);
  auto loaded = config::load(flags, config::process_environment(), registry_);
  if (flags.check_config) return check_only(loaded);
  if (!loaded.ok()) {
    fmt::print(stderr, "{}", loaded.complaints);
    return kExitUsage;
  }
  if (flags.store_task) return run_store_task(*flags.store_task, loaded.settings);
  log::start(loaded.settings.log);
  for (const auto& warning : loaded.warnings) log::warn("configuration", {{"warning", warning}});
  on_listening_ = [this] {
    say(fmt::format("listening grpc {}", address_));
    if (!admin_address_.empty()) say(fmt::format("listening admin {}", admin_address_));
  };
  Supervisor supervisor([this](int signal) { end_by_signal(signal); });
  if (const auto status = start(std::move(loaded.settings)); !status.ok()) {
    log::error("cannot start", {{"error", std::string(status.message())}});
    return kExitFailed;
  }
  return run_until_end(supervisor);
}

Server::Server() : Server(nullptr) {}
Server::Server(std::unique_ptr<journal::Journal> journal) : parts_(std::make_unique<Parts>(std::move(journal))) {}
Server::~Server() = default;

Server& Server::add_handler(std::string name, std::shared_ptr<handlers::Handler> handler) {
  parts_->add_handler(std::move(name), std::move(handler));
  return *this;
}

int Server::run(int argc, const char* const* argv) { return parts_->run(argc, argv); }
absl::Status Server::start(config::Settings settings) { return parts_->start(std::move(settings)); }
const std::string& Server::address() const { return parts_->address(); }
const std::string& Server::admin_address() const { return parts_->admin_address(); }
void Server::stop() { parts_->stop(); }

}  // namespace sluice
