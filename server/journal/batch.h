// The records of a group commit, reduced to what the store needs to know: the last state of each key. An item that came and
// went within one group never touches the disk.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "server/journal/lmdb_store.h"
#include "server/model/record.h"

namespace sluice::journal {

class Batch {
 public:
  // In the order in which the engine emitted them.
  void add(model::Record&& record);
  absl::Status write_to(LmdbStore::Write& write) const;
  void clear();

 private:
  struct ItemChange {
    std::optional<model::ItemRecord> state;  // none: erased
    model::BodyPtr body;                     // null: the store has it
    bool fresh = false;                      // the store has nothing under this id
  };
  using RequestKey = std::pair<std::uint32_t, std::string>;

  void keep(model::SequenceRecord&& record) { sequence_ = record; }
  void keep(model::QueueRecord&& record);
  void keep(model::QueueErased&& erased);
  void keep(model::CountersRecord&& record);
  void keep(model::ItemRecord&& record);
  void keep(model::ItemErased&& erased);
  void keep(model::RequestRecord&& record);
  void keep(model::RequestErased&& erased);
  void keep(model::PipelineRecord&& record);
  void keep(model::PipelineErased&& erased);

  absl::Status write_queues(LmdbStore::Write& write) const;
  absl::Status write_items(LmdbStore::Write& write) const;
  absl::Status write_rest(LmdbStore::Write& write) const;

  std::optional<model::SequenceRecord> sequence_;
  std::map<std::uint32_t, std::optional<model::QueueRecord>> queues_;  // none: erased
  std::map<std::uint32_t, model::CountersRecord> counters_;
  absl::flat_hash_map<std::uint64_t, ItemChange> items_;
  std::map<RequestKey, std::optional<model::RequestRecord>> requests_;
  std::map<std::string, std::optional<model::PipelineRecord>> pipelines_;
};

}  // namespace sluice::journal
