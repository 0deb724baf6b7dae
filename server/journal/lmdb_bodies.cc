#include "server/journal/lmdb_bodies.h"

#include <utility>

#include "server/journal/keys.h"
#include "server/journal/schema.h"

namespace sluice::journal {
namespace {

// Null if the item is not there.
absl::StatusOr<model::BodyPtr> read_body(const LmdbStore::Snapshot& snapshot, model::ItemId id) {
  const ItemKey key(model::number(id));
  store::Item item;
  auto status = snapshot.read(Table::kItems, key.view(), item);
  if (absl::IsNotFound(status)) return nullptr;
  if (!status.ok()) return status;
  if (item.has_payload()) return body_from_store(item);
  store::Body body;
  status = snapshot.read(Table::kBodies, key.view(), body);
  if (absl::IsNotFound(status)) return snapshot.store().damaged(Table::kBodies, "an item has no payload");
  if (!status.ok()) return status;
  return from_store(std::move(body));
}

}  // namespace

absl::StatusOr<std::vector<model::BodyPtr>> read_bodies(const LmdbStore& store, const std::vector<model::ItemId>& ids) {
  std::vector<model::BodyPtr> bodies;
  if (ids.empty()) return bodies;
  LmdbStore::Snapshot snapshot(store);
  if (auto status = snapshot.begin(); !status.ok()) return status;
  bodies.reserve(ids.size());
  for (const model::ItemId id : ids) {
    auto body = read_body(snapshot, id);
    if (!body.ok()) return body.status();
    bodies.push_back(*std::move(body));
  }
  return bodies;
}

}  // namespace sluice::journal
