#include "tests/journal/golden.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>
#include <stdexcept>

#include <fmt/format.h>

#include "server/journal/item_writer.h"
#include "server/journal/lmdb_values.h"
#include "sluice/store/v1/record.pb.h"
#include "tests/journal/running_journal.h"
#include "tests/support/temp_dir.h"

namespace sluice::journal::golden {
namespace {

using namespace std::chrono_literals;

constexpr base::Time kTime{1'700'000'000'123'456us};

model::QueueRecord queue(std::uint32_t id, const std::string& name, model::QueueOrder order) {
  model::QueueRecord record;
  record.id = model::QueueId{id};
  record.name = name;
  record.settings.order = order;
  record.settings.capacity = 1'000 + id;
  record.settings.lease_duration = 61s;
  record.settings.retry = {7, 1500ms, 90s, 2.5, 0.25};
  record.settings.dead_letter_queue = name + ".dead";
  record.create_time = kTime;
  return record;
}

model::ItemRecord item(std::uint64_t id, model::ItemState state, std::int64_t priority, const std::string& payload,
                       model::Attributes attributes) {
  model::ItemRecord record;
  record.id = model::ItemId{id};
  record.queue = model::QueueId{1};
  record.state = state;
  record.priority = priority;
  record.rank = static_cast<std::int64_t>(id) - 10;
  record.put_time = kTime + 1s;
  record.body = std::make_shared<const model::Body>(model::Body{payload, std::move(attributes)});
  return record;
}

std::shared_ptr<const model::Failure> failure(std::optional<std::int32_t> exit_code, std::optional<std::int32_t> signal) {
  model::Failure failure;
  failure.reason = "EXIT_CODE";
  failure.message = "the command ended with 3";
  failure.stderr_tail = std::string("bytes\xff\0", 7);
  failure.exit_code = exit_code;
  failure.signal = signal;
  failure.queue = "tasks";
  failure.stage = "resize";
  failure.attempt = 2;
  failure.time = kTime + 3s;
  return std::make_shared<const model::Failure>(std::move(failure));
}

model::PipelineRecord pipeline() {
  using model::StageState;
  return {"photos",
          {{{"fetch", "urls", "pages", "download", 4}, StageState::kRunning},
           {{"count", "pages", "", "builtin.upper", 0}, StageState::kPaused},
           {{"last", "urls", "pages", "x", 1'000}, StageState::kFinished}},
          kTime,
          12};
}

// What came with the third version.
std::vector<model::Record> records_of_version_3() {
  auto careful = queue(3, "careful", model::QueueOrder::kFifo);
  careful.settings.retry.max_lost_attempts = 4;
  careful.settings.retry.final_exit_codes = {2, 64};
  auto lost = item(6, model::ItemState::kWaiting, 0, "lost twice", {});
  lost.attempt = 5;
  lost.lost = 2;
  model::StageSpec stage{"resize", "careful", "", "convert", 5};
  stage.start_workers = 5;
  stage.limits = {"connections", "licences"};
  model::ScheduleSpec nightly{.name = "nightly", .queue = "tasks", .cron = "30 2 * * *", .time_zone = "Europe/Berlin"};
  nightly.body = std::make_shared<const model::Body>(model::Body{"report", {{"k", "v"}}});
  nightly.priority = -3;
  nightly.catch_up = 2;
  model::ScheduleState state{.create_time = kTime, .next = kTime + 1h, .waiting = {kTime - 1h, kTime}, .counters = {7, 8, 9}};
  state.last_tick = kTime - 2h;
  state.last_error = "queue \"tasks\" is closed";
  model::ScheduleSpec often{.name = "often", .queue = "tasks", .every = 1500ms};
  often.body = std::make_shared<const model::Body>();
  return {careful,
          lost,
          model::LimitRecord{{"connections", 3, 0.0, 1}},
          model::LimitRecord{{"licences", 0, 2.5, 10}},
          model::PipelineRecord{"guarded", {{stage, model::StageState::kRunning}}, kTime, 0},
          model::ScheduleRecord{nightly, state},
          model::ScheduleRecord{often, {.paused = true, .create_time = kTime}}};
}

const std::map<std::string, Table>& tables() {
  static const auto& all = *[] {
    auto* made = new std::map<std::string, Table>;
    for (const Table table : kAllTables) made->emplace(kTableNames.at(index(table)), table);
    return made;
  }();
  return all;
}

std::string to_hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned byte = 0;
    const auto parsed = std::from_chars(text.data() + i, text.data() + std::min(i + 2, text.size()), byte, 16);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + i + 2) throw std::runtime_error("no hexadecimal");
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

void add_version_3(std::vector<model::Record>& records) {
  auto& mortal = std::get<model::QueueRecord>(records.at(1));
  mortal.settings.time_to_live = 3h;
  mortal.settings.dead_letter_expired = true;
  mortal.settings.dedup_window = 4min;
  auto& counters = std::get<model::CountersRecord>(records.at(4)).counters;
  counters.cancelled = 11;
  counters.expired = 12;
  counters.redriven = 13;
  counters.duplicates = 14;
  auto special = item(4, model::ItemState::kWaiting, 0, "special", {});
  special.options = std::make_shared<const model::ItemOptions>(model::ItemOptions{.time_to_live = 5min,
                                                                                  .expires = kTime + 5min,
                                                                                  .dedup_key = "order-17",
                                                                                  .dedup_window = 2h,
                                                                                  .unique_key = "customer-9",
                                                                                  .order_key = "account-3",
                                                                                  .dead_from = "mails"});
  records.emplace_back(std::move(special));
}

// Two batches and two jobs, one of each of which has ended.
void add_jobs(std::vector<model::Record>& records) {
  model::JobRecord running;
  running.id = model::JobId{5};
  running.batch = model::BatchId{5};
  running.queue = "tasks";
  running.keep = 1h;
  running.submit_time = kTime;
  auto ended = running;
  ended.id = model::JobId{1'000'000'000'000};
  ended.batch = {};
  ended.state = model::JobState::kFailed;
  ended.verdict = model::JobState::kFailed;
  ended.end_time = kTime + 2s;
  ended.results = {std::make_shared<const model::Body>(model::Body{"done", {{"k", "v"}}}),
                   std::make_shared<const model::Body>(model::Body{std::string("\0\xff", 2), {}})};
  ended.results_left_out = 7;
  ended.failure = failure(3, std::nullopt);
  ended.failed_item = model::ItemId{12};
  model::BatchRecord open;
  open.id = model::BatchId{5};
  open.jobs = 3;
  open.succeeded = 1;
  open.failed = 1;
  open.keep = 1h;
  open.patience = 10min;
  open.create_time = kTime;
  open.add_time = kTime + 1s;
  open.callback_queue = "tasks";
  open.callback = std::make_shared<const model::Body>(model::Body{"all done", {{"k", "v"}}});
  auto over = open;
  over.id = model::BatchId{9};
  over.state = model::BatchState::kAbandoned;
  over.abandoned = true;
  over.end_time = kTime + 3s;
  over.callback_error = "the queue is closed";
  records.insert(records.end(), {open, over, running, ended});
}

// In which order a journal loads: the tables', and within each that of the keys.
std::pair<std::size_t, std::uint64_t> place_in_the_load(const model::Record& record) {
  if (std::holds_alternative<model::SequenceRecord>(record)) return {0, 0};
  if (const auto* queue = std::get_if<model::QueueRecord>(&record)) return {1, model::number(queue->id)};
  if (std::holds_alternative<model::CountersRecord>(record)) return {2, 0};
  if (std::holds_alternative<model::BatchRecord>(record) || std::holds_alternative<model::JobRecord>(record)) return {2, 1};
  if (const auto* item = std::get_if<model::ItemRecord>(&record)) return {3, model::number(item->id)};
  if (const auto* request = std::get_if<model::RequestRecord>(&record)) return {4, request->key < "put/abc" ? 0 : 1};
  if (std::holds_alternative<model::LimitRecord>(record)) return {5, 0};
  if (const auto* pipeline = std::get_if<model::PipelineRecord>(&record)) return {6, pipeline->name == "photos" ? 1 : 0};
  return {7, 0};
}

// A store's own digest depends on its number of commits.
Value digest() {
  store::v1::Digest message;
  message.set_checksums(0x0123456789abcdefULL);
  message.set_transaction(42);
  std::string value(framed_size(message), '\0');
  write_frame(Table::kMeta, kDigestKey, message, value);
  return {Table::kMeta, std::string(kDigestKey), value};
}

}  // namespace

std::vector<model::Record> records(int version) {
  auto closed = queue(2, "closed", model::QueueOrder::kLifo);
  closed.state = model::QueueState::kClosed;
  closed.paused = true;
  closed.pipeline = "photos";
  model::CountersRecord counters;
  counters.queue = model::QueueId{1};
  counters.counters = {.put = 1,
                       .done = 2,
                       .delivered = 3,
                       .failed = 4,
                       .lease_lost = 5,
                       .retried = 6,
                       .dead_lettered = 7,
                       .discarded = 8,
                       .rejected = 9};
  counters.idle_count = 10;
  auto waiting = item(1, model::ItemState::kWaiting, 0, "hello", {});
  auto delayed = item(2, model::ItemState::kDelayed, -5, "", {{"content-type", "text/plain"}, {"name", "Zoë"}});
  delayed.due = kTime + 1h;
  delayed.attempt = 2;
  delayed.last_failure = failure(3, std::nullopt);
  auto leased = item(1'000'000'000'000, model::ItemState::kLeased, 1LL << 40, std::string("\0\xff binary", 9), {{"k", ""}});
  leased.attempt = 4'000'000'000;
  leased.last_failure = failure(std::nullopt, 9);
  std::vector<model::Record> all{model::SequenceRecord{1ULL << 50, 77, 1'024}, queue(1, "tasks", model::QueueOrder::kFifo),
                                 closed, queue(0xfffffffe, "urgent", model::QueueOrder::kPriority), counters};
  if (version >= 3) add_jobs(all);
  all.insert(all.end(), {waiting, delayed});
  // Two ways to keep a body: with its item, and apart from it.
  if (version >= 2)
    all.emplace_back(item(3, model::ItemState::kWaiting, 0, std::string(kMaxInlineBodyBytes, 'p'), {{"k", "v"}}));
  if (version >= 3) {
    add_version_3(all);
    all.emplace_back(item(5, model::ItemState::kWaiting, 0, "submitted", {}));
    std::get<model::ItemRecord>(all.back()).job = model::JobId{5};
  }
  all.insert(all.end(),
             {leased, model::RequestRecord{model::QueueId{1}, "put/abc", kTime + 10min, model::ItemId{1}, 3}, pipeline()});
  if (version < 3) return all;
  // In the order of their keys.
  all.emplace_back(
      model::RequestRecord{.queue = model::QueueId{1}, .key = "producer/p", .expires = kTime + 12min, .position = 1ULL << 40});
  all.emplace_back(model::RequestRecord{.queue = model::QueueId{1},
                                        .key = "put/keys",
                                        .expires = kTime + 11min,
                                        .first = model::ItemId{7},
                                        .count = 3,
                                        .ids = {model::ItemId{7}, model::ItemId{4}, model::ItemId{8}}});
  for (model::Record& record : records_of_version_3()) all.push_back(std::move(record));
  std::ranges::stable_sort(all, {}, place_in_the_load);
  return all;
}

std::vector<Value> written() {
  const test::TempDir directory;
  {
    RunningJournal journal(directory.path());
    if (!journal.append_and_wait(records(kSchemaVersion))) throw std::runtime_error("the records cannot be written");
  }
  const auto store = LmdbStore::open_read_only(directory.path() / "data.mdb");
  if (!store.ok()) throw std::runtime_error(std::string(store.status().message()));
  LmdbStore::Snapshot snapshot(**store);
  if (!snapshot.begin().ok()) throw std::runtime_error("the store cannot be read");
  std::vector<Value> values{digest()};
  for (const Table table : kAllTables) {
    LmdbStore::Reader reader(snapshot, table);
    while (reader.next().value_or(false)) values.push_back({table, std::string(reader.key()), std::string(reader.value())});
  }
  return values;
}

std::string to_text(const std::vector<Value>& values) {
  std::string text;
  for (const Value& value : values) {
    text += fmt::format("{} {} {}\n", kTableNames.at(index(value.table)), to_hex(value.key), to_hex(value.value));
  }
  return text;
}

std::vector<Value> from_text(const std::string& text) {
  std::vector<Value> values;
  std::istringstream lines(text);
  for (std::string table, key, value; lines >> table >> key >> value;) {
    values.push_back({tables().at(table), from_hex(key), from_hex(value)});
  }
  return values;
}

}  // namespace sluice::journal::golden
