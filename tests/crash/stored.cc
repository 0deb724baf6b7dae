#include "tests/crash/stored.h"

#include <map>
#include <stdexcept>
#include <variant>

#include "server/journal/lmdb.h"
#include "tests/crash/payload.h"

namespace sluice::crash {

std::vector<Piece> read_store(const std::filesystem::path& directory, std::size_t max_bytes) {
  auto journal = journal::LmdbJournal::open({.directory = directory, .max_bytes = max_bytes});
  if (!journal.ok()) throw std::runtime_error(journal.status().ToString());
  std::map<model::QueueId, std::string> names;
  std::vector<Piece> pieces;
  const auto status = (*journal)->load([&](model::Record&& record) {
    if (const auto* queue = std::get_if<model::QueueRecord>(&record)) names[queue->id] = queue->name;
    const auto* item = std::get_if<model::ItemRecord>(&record);
    if (item == nullptr) return;
    for (std::string& value : values_in(item->body->payload)) pieces.push_back({names[item->queue], std::move(value)});
  });
  if (!status.ok()) throw std::runtime_error(status.ToString());
  return pieces;
}

}  // namespace sluice::crash
