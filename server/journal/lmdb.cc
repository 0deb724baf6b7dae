#include "server/journal/lmdb.h"

#include <utility>

#include "server/journal/keys.h"
#include "server/journal/schema.h"

namespace sluice::journal {
namespace {

// Reads a whole table into records. `Make` turns key and message into one, or into none if the key makes no sense.
template <class Message, class Make>
absl::Status load_table(const LmdbStore& store, Table table, std::uint64_t& checksums, Make make) {
  LmdbStore::Reader reader(store, table);
  Message message;
  while (true) {
    auto more = reader.next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (auto status = reader.parse(message); !status.ok()) return status;
    make(reader.key(), std::move(message));
  }
  checksums ^= reader.checksums();
  return absl::OkStatus();
}

std::size_t payload_bytes(const model::Record& record) {
  const auto* item = std::get_if<model::ItemRecord>(&record);
  return item != nullptr && item->body ? item->body->bytes() : 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LmdbJournal>> LmdbJournal::open(const LmdbOptions& options) {
  auto store = LmdbStore::open(options);
  if (!store.ok()) return store.status();
  return std::unique_ptr<LmdbJournal>(new LmdbJournal(*std::move(store)));
}

LmdbJournal::~LmdbJournal() { stop(); }

absl::Status LmdbJournal::load(const std::function<void(model::Record&&)>& each) {
  std::uint64_t checksums = 0;
  absl::Status status = load_table<store::Sequence>(
      *store_, Table::kMeta, checksums, [&](std::string_view, store::Sequence&& stored) { each(from_store(stored)); });
  status.Update(load_table<store::Queue>(*store_, Table::kQueues, checksums, [&](std::string_view key, store::Queue&& stored) {
    model::QueueRecord record = from_store(std::move(stored));
    record.id = model::QueueId{QueueKey::parse(key)};
    each(std::move(record));
  }));
  status.Update(
      load_table<store::Counters>(*store_, Table::kCounters, checksums, [&](std::string_view key, store::Counters&& stored) {
        model::CountersRecord record = from_store(stored);
        record.queue = model::QueueId{QueueKey::parse(key)};
        each(record);
      }));
  if (status.ok()) status = load_items(each, checksums);
  status.Update(
      load_table<store::Request>(*store_, Table::kRequests, checksums, [&](std::string_view key, store::Request&& stored) {
        model::RequestRecord record = from_store(stored);
        record.queue = model::QueueId{QueueKey::parse(key.substr(0, sizeof(std::uint32_t)))};
        record.key = key.substr(sizeof(std::uint32_t));
        each(std::move(record));
      }));
  status.Update(
      load_table<store::Pipeline>(*store_, Table::kPipelines, checksums, [&](std::string_view key, store::Pipeline&& stored) {
        model::PipelineRecord record = from_store(std::move(stored));
        record.name = key;
        each(std::move(record));
      }));
  if (!status.ok()) return status;
  return store_->check_digest(checksums);
}

// Items and bodies have the same keys in the same order.
absl::Status LmdbJournal::load_items(const std::function<void(model::Record&&)>& each, std::uint64_t& checksums) {
  LmdbStore::Reader bodies(*store_, Table::kBodies);
  store::Body body;
  absl::Status status;
  const auto item_with_body = [&](std::string_view key, store::Item&& stored) {
    if (!status.ok()) return;
    auto more = bodies.next();
    if (!more.ok()) {
      status = more.status();
    } else if (!*more || bodies.key() != key) {
      status = store_->damaged(Table::kBodies, "an item has no payload");
    } else {
      status = bodies.parse(body);
    }
    if (!status.ok()) return;
    model::ItemRecord record = from_store(std::move(stored));
    record.id = model::ItemId{ItemKey::parse(key)};
    record.body = from_store(std::move(body));
    each(std::move(record));
  };
  status.Update(load_table<store::Item>(*store_, Table::kItems, checksums, item_with_body));
  checksums ^= bodies.checksums();
  return status;
}

absl::Status LmdbJournal::start(OnCommitted on_committed, OnFailed on_failed) {
  on_committed_ = std::move(on_committed);
  on_failed_ = std::move(on_failed);
  writer_ = std::thread([this] { write_groups(); });
  return absl::OkStatus();
}

Position LmdbJournal::append(std::vector<model::Record>& records) {
  std::size_t bytes = 0;
  for (const auto& record : records) bytes += payload_bytes(record);
  if (bytes > 0) uncommitted_bytes_ += bytes;
  const std::lock_guard lock(mutex_);
  pending_.insert(pending_.end(), std::make_move_iterator(records.begin()), std::make_move_iterator(records.end()));
  records.clear();
  ++last_;
  changed_.notify_one();
  return last_;
}

bool LmdbJournal::full() const {
  const StoreUsage usage = store_->usage();
  // Small payloads take up to twice their size in pages, with keys and state.
  return usage.used_bytes + 2 * uncommitted_bytes_ + usage.reserve_bytes > usage.max_bytes;
}

void LmdbJournal::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  if (writer_.joinable()) writer_.join();
}

void LmdbJournal::write_groups() {
  std::vector<model::Record> group;
  Position committed = 0;
  while (true) {
    Position last = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return last_ > committed || stopping_; });
      if (last_ == committed) return;
      group.swap(pending_);
      last = last_;
    }
    if (auto status = commit(group); !status.ok()) return on_failed_(status);
    committed = last;
    on_committed_(committed);
  }
}

absl::Status LmdbJournal::commit(std::vector<model::Record>& records) {
  if (records.empty()) return absl::OkStatus();
  std::size_t bytes = 0;
  for (const auto& record : records) bytes += payload_bytes(record);
  for (auto& record : records) batch_.add(std::move(record));
  records.clear();
  LmdbStore::Write write(*store_);
  absl::Status status = write.begin();
  if (status.ok()) status = batch_.write_to(write);
  if (status.ok()) status = write.commit();
  batch_.clear();
  uncommitted_bytes_ -= bytes;
  return status;
}

}  // namespace sluice::journal
