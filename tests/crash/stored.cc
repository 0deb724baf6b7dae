#include "tests/crash/stored.h"

#include <map>
#include <stdexcept>
#include <variant>

#include "server/journal/lmdb_load.h"
#include "server/journal/lmdb_store.h"
#include "tests/crash/payload.h"

namespace sluice::crash {

std::vector<Piece> read_store(const std::filesystem::path& directory) {
  const auto store = journal::LmdbStore::open_read_only(directory / "data.mdb");
  if (!store.ok()) throw std::runtime_error(store.status().ToString());
  std::map<model::QueueId, std::string> names;
  std::vector<Piece> pieces;
  const auto status = journal::load_store(**store, [&](model::Record&& record) {
    if (const auto* queue = std::get_if<model::QueueRecord>(&record)) names[queue->id] = queue->name;
    const auto* item = std::get_if<model::ItemRecord>(&record);
    if (item == nullptr) return;
    for (std::string& value : values_in(item->body->payload)) pieces.push_back({names[item->queue], std::move(value)});
  });
  if (!status.ok()) throw std::runtime_error(status.ToString());
  return pieces;
}

}  // namespace sluice::crash
