#include "server/journal/lmdb_load.h"

#include <utility>

#include "server/journal/keys.h"
#include "server/journal/schema.h"

namespace sluice::journal {
namespace {

using Each = std::function<void(model::Record&&)>;
using Snapshot = LmdbStore::Snapshot;

class Load {
 public:
  Load(const Snapshot& snapshot, const Each& each) : snapshot_(snapshot), each_(each) {}

  absl::Status everything();

 private:
  // Reads a whole table into records. `make` turns key and message into one.
  template <class Message, class Make>
  absl::Status table(Table table, Make make) {
    LmdbStore::Reader reader(snapshot_, table);
    Message message;
    while (true) {
      auto more = reader.next();
      if (!more.ok()) return more.status();
      if (!*more) break;
      if (auto status = reader.parse(message); !status.ok()) return status;
      each_(make(reader.key(), std::move(message)));
    }
    checksums_ ^= reader.checksums();
    return absl::OkStatus();
  }

  // The same for records whose key is their name; `name_of` tells where it belongs.
  template <class Message, class NameOf>
  absl::Status named(Table which, NameOf name_of) {
    return table<Message>(which, [name_of](std::string_view key, Message&& stored) -> model::Record {
      auto record = from_store(std::move(stored));
      name_of(record) = key;
      return record;
    });
  }

  absl::Status queues();
  absl::Status batches_and_jobs();
  absl::Status items();
  absl::StatusOr<model::BodyPtr> next_body(std::string_view item, LmdbStore::Reader& bodies) const;
  absl::Status the_rest();

  const Snapshot& snapshot_;
  const Each& each_;
  std::uint64_t checksums_ = 0;
};

absl::Status Load::everything() {
  auto status = table<store::Sequence>(
      Table::kMeta, [](std::string_view, store::Sequence&& stored) -> model::Record { return from_store(stored); });
  if (status.ok()) status = queues();
  if (status.ok()) status = batches_and_jobs();
  if (status.ok()) status = items();
  if (status.ok()) status = the_rest();
  return status.ok() ? snapshot_.check_digest(checksums_) : status;
}

absl::Status Load::queues() {
  auto status = table<store::Queue>(Table::kQueues, [](std::string_view key, store::Queue&& stored) -> model::Record {
    model::QueueRecord record = from_store(std::move(stored));
    record.id = model::QueueId{QueueKey::parse(key)};
    return record;
  });
  if (!status.ok()) return status;
  return table<store::Counters>(Table::kCounters, [](std::string_view key, store::Counters&& stored) -> model::Record {
    model::CountersRecord record = from_store(stored);
    record.queue = model::QueueId{QueueKey::parse(key)};
    return record;
  });
}

absl::Status Load::batches_and_jobs() {
  auto status = table<store::Batch>(Table::kBatches, [](std::string_view key, store::Batch&& stored) -> model::Record {
    model::BatchRecord record = from_store(std::move(stored));
    record.id = model::BatchId{ItemKey::parse(key)};
    return record;
  });
  if (!status.ok()) return status;
  return table<store::Job>(Table::kJobs, [](std::string_view key, store::Job&& stored) -> model::Record {
    model::JobRecord record = from_store(std::move(stored));
    record.id = model::JobId{ItemKey::parse(key)};
    return record;
  });
}

absl::StatusOr<model::BodyPtr> Load::next_body(std::string_view item, LmdbStore::Reader& bodies) const {
  const auto found = bodies.next();
  if (!found.ok()) return found.status();
  if (!*found || bodies.key() != item) return snapshot_.store().damaged(Table::kBodies, "an item has no payload");
  store::Body body;
  if (auto status = bodies.parse(body); !status.ok()) return status;
  return from_store(std::move(body));
}

// The items whose bodies are apart, and the bodies, have the same keys in the same order.
absl::Status Load::items() {
  LmdbStore::Reader items(snapshot_, Table::kItems);
  LmdbStore::Reader bodies(snapshot_, Table::kBodies);
  store::Item item;
  while (true) {
    const auto more = items.next();
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (auto status = items.parse(item); !status.ok()) return status;
    auto body = item.has_payload() ? body_from_store(item) : next_body(items.key(), bodies);
    if (!body.ok()) return body.status();
    model::ItemRecord record = from_store(std::move(item));
    record.id = model::ItemId{ItemKey::parse(items.key())};
    record.body = *std::move(body);
    each_(std::move(record));
  }
  checksums_ ^= items.checksums() ^ bodies.checksums();
  return absl::OkStatus();
}

absl::Status Load::the_rest() {
  auto status = table<store::Request>(Table::kRequests, [](std::string_view key, store::Request&& stored) -> model::Record {
    model::RequestRecord record = from_store(stored);
    record.queue = model::QueueId{QueueKey::parse(key.substr(0, sizeof(std::uint32_t)))};
    record.key = key.substr(sizeof(std::uint32_t));
    return record;
  });
  if (!status.ok()) return status;
  // Limits before the pipelines that name them.
  status = named<store::Limit>(Table::kLimits, [](model::LimitRecord& record) -> std::string& { return record.spec.name; });
  if (!status.ok()) return status;
  status = named<store::Pipeline>(Table::kPipelines, [](model::PipelineRecord& record) -> std::string& { return record.name; });
  if (!status.ok()) return status;
  return named<store::Schedule>(Table::kSchedules,
                                [](model::ScheduleRecord& record) -> std::string& { return record.spec.name; });
}

}  // namespace

absl::Status load_store(const LmdbStore& store, const Each& each) {
  Snapshot snapshot(store);
  if (auto status = snapshot.begin(); !status.ok()) return status;
  return Load(snapshot, each).everything();
}

}  // namespace sluice::journal
