#include "tests/journal/conformance.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "server/base/limits.h"

namespace sluice::journal {
namespace {

using namespace std::chrono_literals;
using model::ItemId;
using model::QueueId;
using model::Record;

constexpr QueueId kFirst{1};
constexpr QueueId kSecond{2};

model::BodyPtr body(std::string payload) {
  return std::make_shared<model::Body>(model::Body{std::move(payload), {{"colour", "blue"}}});
}

Record queue(QueueId id, std::string name) { return model::QueueRecord{.id = id, .name = std::move(name)}; }

model::ItemRecord item(std::uint64_t id, QueueId queue, model::BodyPtr content) {
  model::ItemRecord record;
  record.id = ItemId{id};
  record.queue = queue;
  record.body = std::move(content);
  return record;
}

template <class Kind>
std::vector<Kind> all_of(const std::vector<Record>& records) {
  std::vector<Kind> found;
  for (const Record& record : records) {
    if (const auto* one = std::get_if<Kind>(&record)) found.push_back(*one);
  }
  return found;
}

std::vector<std::uint64_t> item_ids(const std::vector<Record>& records) {
  std::vector<std::uint64_t> ids;
  for (const auto& one : all_of<model::ItemRecord>(records)) ids.push_back(number(one.id));
  return ids;
}

}  // namespace

OpenJournal::OpenJournal(Place& place) : place_(place), journal_(place.open()) {
  EXPECT_TRUE(journal_->load([this](Record&& record) { loaded_.push_back(std::move(record)); }).ok());
  const auto on_committed = [this](Position position) {
    const std::lock_guard lock(mutex_);
    committed_.push_back(position);
    changed_.notify_all();
  };
  EXPECT_TRUE(journal_->start(on_committed, [](const absl::Status& status) { ADD_FAILURE() << status; }).ok());
}

OpenJournal::~OpenJournal() { stop(); }

Position OpenJournal::append(std::vector<Record> records) {
  const Position position = journal_->append(records);
  EXPECT_TRUE(records.empty());
  return position;
}

void OpenJournal::await(Position position) {
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(changed_.wait_for(lock, 10s, [&] { return !committed_.empty() && committed_.back() >= position; }))
      << "position " << position << " is not committed";
}

std::vector<Position> OpenJournal::committed() const {
  const std::lock_guard lock(mutex_);
  return committed_;
}

void OpenJournal::stop() {
  if (journal_) journal_->stop();
}

void OpenJournal::close() {
  stop();
  journal_.reset();
}

void OpenJournal::crash() { place_.crash(std::move(journal_)); }

std::vector<Record> JournalConformance::stored() {
  OpenJournal journal(*place_);
  return journal.loaded();
}

void JournalConformance::write(std::vector<Record> records) {
  OpenJournal journal(*place_);
  journal.await(journal.append(std::move(records)));
}

TEST_P(JournalConformance, AnEmptyPlaceLoadsNothing) { EXPECT_TRUE(stored().empty()); }

TEST_P(JournalConformance, LoadsInTheOrderOfKinds) {
  write({model::ScheduleRecord{.spec = {.name = "schedule", .queue = "tasks", .body = body("")}},
         model::PipelineRecord{.name = "pipeline"}, model::LimitRecord{{.name = "limit"}},
         model::RequestRecord{.queue = kFirst, .key = "again"}, item(8, kFirst, body("later")), item(7, kFirst, body("sooner")),
         model::CountersRecord{.queue = kFirst}, queue(kFirst, "tasks"), model::JobRecord{.id = model::JobId{7}},
         model::BatchRecord{.id = model::BatchId{7}}, model::SequenceRecord{.item_ids_below = 9}});
  const std::vector<Record> records = stored();
  ASSERT_EQ(records.size(), 11U);
  EXPECT_TRUE(std::holds_alternative<model::SequenceRecord>(records[0]));
  EXPECT_TRUE(std::holds_alternative<model::QueueRecord>(records[1]));
  EXPECT_TRUE(std::holds_alternative<model::CountersRecord>(records[2]));
  EXPECT_TRUE(std::holds_alternative<model::BatchRecord>(records[3]));
  EXPECT_TRUE(std::holds_alternative<model::JobRecord>(records[4]));
  EXPECT_EQ(item_ids({records[5], records[6]}), (std::vector<std::uint64_t>{7, 8}));
  EXPECT_TRUE(std::holds_alternative<model::RequestRecord>(records[7]));
  EXPECT_TRUE(std::holds_alternative<model::LimitRecord>(records[8]));
  EXPECT_TRUE(std::holds_alternative<model::PipelineRecord>(records[9]));
  EXPECT_TRUE(std::holds_alternative<model::ScheduleRecord>(records[10]));
}

TEST_P(JournalConformance, JobsAndBatchesAreReplacedAndErased) {
  write({model::JobRecord{.id = model::JobId{7}}, model::JobRecord{.id = model::JobId{8}},
         model::BatchRecord{.id = model::BatchId{7}, .jobs = 1}, model::BatchRecord{.id = model::BatchId{8}}});
  write({model::JobRecord{.id = model::JobId{7}, .state = model::JobState::kSucceeded, .results = {body("done"), body("too")}},
         model::JobErased{model::JobId{8}}, model::BatchRecord{.id = model::BatchId{7}, .jobs = 2},
         model::BatchErased{model::BatchId{8}}});
  const std::vector<Record> records = stored();
  const auto jobs = all_of<model::JobRecord>(records);
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].id, model::JobId{7});
  EXPECT_EQ(jobs[0].state, model::JobState::kSucceeded);
  ASSERT_EQ(jobs[0].results.size(), 2U);
  EXPECT_EQ(*jobs[0].results[1], *body("too"));
  const auto batches = all_of<model::BatchRecord>(records);
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_EQ(batches[0].jobs, 2U);
}

TEST_P(JournalConformance, ItemsLoadInOrderOfTheirNumbersNotOfTheirWriting) {
  write({queue(kFirst, "tasks"), item(300, kFirst, body("c")), item(2, kFirst, body("a")), item(70'000, kFirst, body("d")),
         item(1ULL << 40, kSecond, body("e")), item(10, kSecond, body("b"))});
  EXPECT_EQ(item_ids(stored()), (std::vector<std::uint64_t>{2, 10, 300, 70'000, 1ULL << 40}));
}

TEST_P(JournalConformance, EveryFieldComesBack) {
  const base::Time time{base::Duration(1'700'000'000'123'456)};
  model::QueueRecord tasks{
      .id = kFirst, .name = "tasks", .state = model::QueueState::kClosed, .paused = true, .create_time = time};
  tasks.pipeline = "photos";
  tasks.settings.capacity = 0;
  tasks.settings.order = model::QueueOrder::kPriority;
  tasks.settings.durability = model::Durability::kMemory;
  tasks.settings.lease_duration = 1500ms;
  tasks.settings.retry = {.max_attempts = 0, .initial_backoff = 1us, .max_backoff = 24h, .multiplier = 1.5, .jitter = 0.25};
  tasks.settings.dead_letter_queue = "graveyard";
  const model::CountersRecord counters{.queue = kFirst,
                                       .counters = {.put = 1,
                                                    .done = 2,
                                                    .delivered = 3,
                                                    .failed = 4,
                                                    .lease_lost = 5,
                                                    .retried = 6,
                                                    .dead_lettered = 7,
                                                    .discarded = 8,
                                                    .rejected = 1ULL << 63},
                                       .idle_count = 9};
  const model::RequestRecord request{
      .queue = kFirst, .key = std::string("odd\0key", 7), .expires = time, .first = ItemId{3}, .count = 4};
  model::PipelineRecord pipeline{.name = "photos", .create_time = time, .idle_count = 5};
  pipeline.stages.push_back({.spec = {.name = "resize",
                                      .input = "tasks",
                                      .output = "",
                                      .handler = "convert",
                                      .workers = 3,
                                      .start_workers = 2,
                                      .limits = {"connections"}},
                             .state = model::StageState::kPaused});
  const model::SequenceRecord sequence{.item_ids_below = 1ULL << 50, .lease_ids_below = 1ULL << 51, .queue_ids_below = 77};
  write({sequence, tasks, counters, request, pipeline});

  const std::vector<Record> records = stored();
  EXPECT_EQ(all_of<model::SequenceRecord>(records), std::vector{sequence});
  EXPECT_EQ(all_of<model::QueueRecord>(records), std::vector{tasks});
  EXPECT_EQ(all_of<model::CountersRecord>(records), std::vector{counters});
  EXPECT_EQ(all_of<model::RequestRecord>(records), std::vector{request});
  EXPECT_EQ(all_of<model::PipelineRecord>(records), std::vector{pipeline});
}

TEST_P(JournalConformance, EveryFieldOfAnItemComesBack) {
  const base::Time time{base::Duration(1'700'000'000'123'456)};
  model::Failure failure;
  failure.reason = "EXIT_CODE";
  failure.message = "exited with 3";
  failure.stderr_tail = "no such \xff file";
  failure.exit_code = 3;
  failure.queue = "tasks";
  failure.stage = "resize";
  failure.attempt = 2;
  failure.time = time;
  model::ItemRecord written = item(42, kFirst, body(std::string("bin\0ary\xff", 8)));
  written.state = model::ItemState::kDelayed;
  written.priority = -5;
  written.rank = -(1LL << 40);
  written.attempt = 2;
  written.put_time = time;
  written.due = time + 1s;
  written.last_failure = std::make_shared<model::Failure>(failure);
  write({queue(kFirst, "tasks"), written});

  const auto items = all_of<model::ItemRecord>(stored());
  ASSERT_EQ(items.size(), 1U);
  const model::ItemRecord& read = items.front();
  EXPECT_EQ(read.id, written.id);
  EXPECT_EQ(read.queue, written.queue);
  EXPECT_EQ(read.state, written.state);
  EXPECT_EQ(read.priority, written.priority);
  EXPECT_EQ(read.rank, written.rank);
  EXPECT_EQ(read.attempt, written.attempt);
  EXPECT_EQ(read.put_time, written.put_time);
  EXPECT_EQ(read.due, written.due);
  ASSERT_TRUE(read.last_failure);
  EXPECT_EQ(*read.last_failure, failure);
  ASSERT_TRUE(read.body);
  EXPECT_EQ(*read.body, *written.body);
}

TEST_P(JournalConformance, TheLastRecordOfAKeyCounts) {
  write({model::SequenceRecord{.item_ids_below = 1}, queue(kFirst, "tasks"), model::CountersRecord{.queue = kFirst}});
  write({model::SequenceRecord{.item_ids_below = 2}, model::QueueRecord{.id = kFirst, .name = "tasks", .paused = true},
         model::CountersRecord{.queue = kFirst, .idle_count = 1}, model::CountersRecord{.queue = kFirst, .idle_count = 2}});
  const std::vector<Record> records = stored();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(std::get<model::SequenceRecord>(records[0]).item_ids_below, 2U);
  EXPECT_TRUE(std::get<model::QueueRecord>(records[1]).paused);
  EXPECT_EQ(std::get<model::CountersRecord>(records[2]).idle_count, 2U);
}

TEST_P(JournalConformance, ErasedRecordsAreGone) {
  write({queue(kFirst, "tasks"), item(1, kFirst, body("a")), item(2, kFirst, body("b")),
         model::RequestRecord{.queue = kFirst, .key = "one"}, model::RequestRecord{.queue = kFirst, .key = "two"},
         model::PipelineRecord{.name = "p"}, model::PipelineRecord{.name = "q"}});
  write({model::ItemErased{ItemId{1}, kFirst}, model::RequestErased{kFirst, "one"}, model::PipelineErased{"p"}});
  const std::vector<Record> records = stored();
  EXPECT_EQ(item_ids(records), (std::vector<std::uint64_t>{2}));
  ASSERT_EQ(all_of<model::RequestRecord>(records).size(), 1U);
  EXPECT_EQ(all_of<model::RequestRecord>(records).front().key, "two");
  ASSERT_EQ(all_of<model::PipelineRecord>(records).size(), 1U);
  EXPECT_EQ(all_of<model::PipelineRecord>(records).front().name, "q");
}

TEST_P(JournalConformance, WrittenAndErasedInOneAppendIsGone) {
  write({queue(kFirst, "tasks"), item(1, kFirst, body("a")), model::ItemErased{ItemId{1}, kFirst}});
  EXPECT_TRUE(item_ids(stored()).empty());
}

TEST_P(JournalConformance, ErasingWhatIsNotThereIsNoError) {
  write({model::ItemErased{ItemId{1}, kFirst}, model::RequestErased{kFirst, "none"}, model::PipelineErased{"none"},
         model::QueueErased{kFirst}});
  EXPECT_TRUE(stored().empty());
}

TEST_P(JournalConformance, ErasingAQueueErasesWhatBelongsToIt) {
  write({queue(kFirst, "gone"), queue(kSecond, "stays"), item(2, kSecond, body("b")), model::CountersRecord{.queue = kFirst},
         model::CountersRecord{.queue = kSecond}, model::RequestRecord{.queue = kFirst, .key = "k"},
         model::RequestRecord{.queue = kSecond, .key = "k"}});
  write({model::QueueErased{kFirst}});
  const std::vector<Record> records = stored();
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(std::get<model::QueueRecord>(records[0]).id, kSecond);
  EXPECT_EQ(std::get<model::CountersRecord>(records[1]).queue, kSecond);
  EXPECT_EQ(std::get<model::ItemRecord>(records[2]).id, ItemId{2});
  EXPECT_EQ(std::get<model::RequestRecord>(records[3]).queue, kSecond);
}

TEST_P(JournalConformance, AnItemThatMovedIsNotErasedWithItsFormerQueue) {
  write({queue(kFirst, "tasks"), queue(kSecond, "tasks.dead"), item(1, kFirst, body("a"))});
  write({item(1, kSecond, nullptr)});
  write({model::QueueErased{kFirst}});
  const auto items = all_of<model::ItemRecord>(stored());
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items.front().queue, kSecond);
  ASSERT_TRUE(items.front().body);
  EXPECT_EQ(items.front().body->payload, "a");
}

TEST_P(JournalConformance, ARecordWithoutABodyKeepsTheBody) {
  write({queue(kFirst, "tasks"), item(1, kFirst, body("kept"))});
  model::ItemRecord changed = item(1, kFirst, nullptr);
  changed.attempt = 3;
  write({changed});
  const auto items = all_of<model::ItemRecord>(stored());
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items.front().attempt, 3U);
  ASSERT_TRUE(items.front().body);
  EXPECT_EQ(*items.front().body, *body("kept"));
}

TEST_P(JournalConformance, BodiesOfAllSizesOutliveChangesOfState) {
  const std::vector<std::size_t> sizes{0, 1, 250, 251, 256, 257, 2'000, 5'000, 1U << 20};
  std::vector<Record> put{queue(kFirst, "tasks")};
  std::vector<Record> changed;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    put.emplace_back(item(i + 1, kFirst, body(std::string(sizes[i], 'x'))));
    model::ItemRecord state = item(i + 1, kFirst, nullptr);
    state.attempt = 1'000'000;
    changed.emplace_back(std::move(state));
  }
  write(put);
  write(changed);
  write({model::ItemErased{ItemId{3}, kFirst}, model::ItemErased{ItemId{7}, kFirst}});
  const auto items = all_of<model::ItemRecord>(stored());
  ASSERT_EQ(items.size(), sizes.size() - 2);
  for (const auto& one : items) {
    EXPECT_EQ(one.attempt, 1'000'000U);
    ASSERT_TRUE(one.body);
    EXPECT_EQ(one.body->payload.size(), sizes.at(number(one.id) - 1));
  }
}

TEST_P(JournalConformance, PositionsCountTheAppendsFromOneAndCommitInOrder) {
  OpenJournal journal(*place_);
  for (Position expected = 1; expected <= 200; ++expected) {
    // Every third append has no records: it counts and commits like any other.
    std::vector<Record> records;
    if (expected % 3 != 0) records.push_back(item(expected, kFirst, body("x")));
    EXPECT_EQ(journal.append(std::move(records)), expected);
  }
  journal.await(200);
  const std::vector<Position> committed = journal.committed();
  EXPECT_EQ(committed.back(), 200U);
  EXPECT_EQ(std::adjacent_find(committed.begin(), committed.end(), std::greater_equal<>()), committed.end())
      << "each commit must reach further than the one before";
}

TEST_P(JournalConformance, ACommitMayBeFollowedByAnAppendFromWithinItsCallback) {
  constexpr Position kChain = 20;
  const auto journal = place_->open();
  ASSERT_TRUE(journal->load([](Record&&) {}).ok());
  std::mutex turn;  // orders the appends
  std::atomic<std::thread::id> appending;
  std::promise<void> end;
  const auto append = [&](Position id) {
    const std::lock_guard lock(turn);
    std::vector<Record> records{item(id, kFirst, body("x"))};
    appending = std::this_thread::get_id();
    journal->append(records);
    appending = std::thread::id();
  };
  const auto on_committed = [&](Position position) {
    // A journal that commits inside append() never calls back from elsewhere.
    const bool inside = appending.load() == std::this_thread::get_id();
    if (inside || position == kChain) return end.set_value();
    append(position + 1);
  };
  ASSERT_TRUE(journal->start(on_committed, [](const absl::Status& status) { ADD_FAILURE() << status; }).ok());
  append(1);
  EXPECT_EQ(end.get_future().wait_for(10s), std::future_status::ready);
  journal->stop();
}

TEST_P(JournalConformance, PositionsBeginAnewWithEachJournal) {
  write({queue(kFirst, "tasks")});
  OpenJournal journal(*place_);
  EXPECT_EQ(journal.append({item(1, kFirst, body("a"))}), 1U);
  journal.await(1);
  journal.close();
  EXPECT_EQ(stored().size(), 2U);
}

TEST_P(JournalConformance, StopCommitsWhatWasAppendedAndCallsNobodyAfterwards) {
  OpenJournal journal(*place_);
  for (std::uint64_t id = 1; id <= 100; ++id) journal.append({item(id, kFirst, body("x"))});
  journal.stop();
  ASSERT_FALSE(journal.committed().empty());
  EXPECT_EQ(journal.committed().back(), 100U);
  const auto before = journal.committed();
  journal.stop();
  EXPECT_EQ(journal.committed(), before);
  journal.close();
  EXPECT_EQ(item_ids(stored()).size(), 100U);
}

TEST_P(JournalConformance, ACrashKeepsWhatWasCommittedAndTearsNoAppend) {
  constexpr std::uint64_t kAppends = 500;
  OpenJournal journal(*place_);
  // Each append moves a pair forward: the pair of the append before goes, the next one comes.
  for (std::uint64_t i = 1; i <= kAppends; ++i) {
    std::vector<Record> records{item(2 * i, kFirst, body("left")), item(2 * i + 1, kSecond, body("right")),
                                model::SequenceRecord{.item_ids_below = 2 * i + 2}};
    if (i > 1) {
      records.emplace_back(model::ItemErased{ItemId{2 * i - 2}, kFirst});
      records.emplace_back(model::ItemErased{ItemId{2 * i - 1}, kSecond});
    }
    journal.append(std::move(records));
  }
  journal.await(kAppends / 2);
  const Position promised = journal.committed().back();
  journal.crash();

  const std::vector<Record> records = stored();
  ASSERT_EQ(all_of<model::SequenceRecord>(records).size(), 1U);
  const std::uint64_t below = all_of<model::SequenceRecord>(records).front().item_ids_below;
  EXPECT_GE(below, 2 * promised + 2);
  EXPECT_EQ(item_ids(records), (std::vector<std::uint64_t>{below - 2, below - 1}));
}

TEST_P(JournalConformance, LargePayloadsComeBackWhole) {
  std::string large(4UL << 20, '\0');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 31 >> 3);
  write({queue(kFirst, "tasks"), item(1, kFirst, body(large)), item(2, kFirst, body("")), item(3, kFirst, body(large))});
  const auto items = all_of<model::ItemRecord>(stored());
  ASSERT_EQ(items.size(), 3U);
  // Not EXPECT_EQ: a failure would print megabytes.
  EXPECT_TRUE(items[0].body->payload == large);
  EXPECT_TRUE(items[1].body->payload.empty());
  EXPECT_TRUE(items[2].body->payload == large);
}

TEST_P(JournalConformance, GivesBodiesBackByTheItemsIds) {
  OpenJournal journal(*place_);
  EXPECT_TRUE(journal->keeps_bodies());
  auto moved = item(1, kSecond, nullptr);
  moved.attempt = 3;
  std::string large(limits::kMaxPayloadBytes, 'x');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 17 >> 2);
  journal.append({queue(kFirst, "tasks"), queue(kSecond, "more"), item(1, kFirst, body("one")), item(2, kFirst, body("two"))});
  journal.await(
      journal.append({moved, item(3, kFirst, body(large)), item(4, kFirst, body("")), model::ItemErased{ItemId{2}, kFirst}}));
  const auto bodies = journal->read_bodies({ItemId{3}, ItemId{1}, ItemId{2}, ItemId{4}, ItemId{77}});
  ASSERT_TRUE(bodies.ok()) << bodies.status();
  ASSERT_EQ(bodies->size(), 5U);
  EXPECT_TRUE((*bodies)[0]->payload == large);
  EXPECT_EQ(*(*bodies)[1], *body("one")) << "whatever became of its state";
  EXPECT_EQ((*bodies)[2], nullptr) << "it has ended";
  EXPECT_EQ((*bodies)[3]->payload, "");
  EXPECT_EQ((*bodies)[4], nullptr) << "there was none";
  EXPECT_TRUE(journal->read_bodies({})->empty());
  journal.stop();
  EXPECT_EQ(*journal->read_bodies({ItemId{1}})->front(), *body("one")) << "to the end";
}

TEST_P(JournalConformance, GivesBodiesBackThatAJournalBeforeStored) {
  write({queue(kFirst, "tasks"), item(1, kFirst, body("one"))});
  OpenJournal journal(*place_);
  EXPECT_EQ(*journal->read_bodies({ItemId{1}})->front(), *body("one"));
}

TEST_P(JournalConformance, GivesBodiesBackWhileItCommits) {
  OpenJournal journal(*place_);
  journal.await(journal.append({queue(kFirst, "tasks"), item(1, kFirst, body("one"))}));
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) {
      const auto bodies = journal->read_bodies({ItemId{1}, ItemId{2}});
      ASSERT_TRUE(bodies.ok());
      EXPECT_EQ(bodies->front()->payload, "one");
      EXPECT_TRUE(!bodies->back() || bodies->back()->payload == "two");
    }
  });
  for (int round = 0; round < 50; ++round) {
    journal.await(journal.append({item(2, kFirst, body("two"))}));
    journal.await(journal.append({model::ItemErased{ItemId{2}, kFirst}}));
  }
  done = true;
  reader.join();
}

TEST_P(JournalConformance, ManyGenerationsOfOneQueueLeaveNothingBehind) {
  for (std::uint32_t generation = 1; generation <= 5; ++generation) {
    const QueueId id{generation};
    write({queue(id, "tasks"), item(generation, id, body("x")), model::CountersRecord{.queue = id}});
    write({model::ItemErased{ItemId{generation}, id}, model::QueueErased{id}});
  }
  EXPECT_TRUE(stored().empty());
}

}  // namespace sluice::journal
