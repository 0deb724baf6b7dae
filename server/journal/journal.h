// What makes the engine's state durable.
//
// A journal takes the records of each command in order and commits them in groups: all that has gathered since the last
// commit becomes one transaction and one sync. It keeps the last record of every key (model/record.h). Nothing here
// assumes a local disk: a journal may as well be a table in a database.
//
// Life: load() once, then start(), then append() until stop().
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/journal/backup_file.h"
#include "server/model/record.h"

namespace sluice::journal {

// Counts the appends since start(); the first is 1. 0 = nothing.
using Position = std::uint64_t;

// How much of its store a journal uses. Bytes.
struct StoreUse {
  std::uint64_t used = 0;  // holds data, as of the last commit
  // How much it may hold.
  std::uint64_t limit = 0;
  // What is left free so that consumers can drain a full store: puts are refused when less than this is left.
  std::uint64_t reserve = 0;
  // What else the disk has room for.
  std::uint64_t disk_free = 0;
};

class Journal {
 public:
  // Everything up to and including the position is committed. Called in order of position, never concurrently, and
  // possibly from within append(). Unless it is, it may itself call append().
  using OnCommitted = std::function<void(Position)>;
  // The store failed, or it cannot be known whether a commit took effect. Nothing more will be committed. Called once.
  using OnFailed = std::function<void(const absl::Status&)>;

  virtual ~Journal() = default;

  // Hands every kept record to `each`, in this order of kinds: sequence, queues, counters, batches, jobs, items (by
  // id), requests, limits, pipelines, schedules. Erasures never appear.
  virtual absl::Status load(const std::function<void(model::Record&&)>& each) = 0;

  virtual absl::Status start(OnCommitted on_committed, OnFailed on_failed) = 0;

  // Takes the records of one command, which become durable together or not at all, and returns their position. Never
  // waits for the store. Not thread-safe: the caller orders the appends. `records` is left empty and may be reused.
  // An append without records is allowed and commits like any other.
  virtual Position append(std::vector<model::Record>& records) = 0;

  // True while nothing should be put that need not be: what is left is for consumers to drain with. Cheap, thread-safe.
  [[nodiscard]] virtual bool full() const { return false; }

  // None where nothing is stored, or where somebody else looks after the space. Thread-safe.
  [[nodiscard]] virtual std::optional<StoreUse> use() const { return std::nullopt; }

  // A copy of everything that is committed when it is called, each record checked, while the journal goes on. Takes as long as
  // reading all of it; ends with CANCELLED soon after `go_on` says false. NO_STORE, BACKUP_NO_SPACE, STORE_DAMAGED.
  // Thread-safe while the journal is started.
  virtual absl::StatusOr<BackupFile> back_up(const std::function<bool()>& go_on);

  // Whether read_bodies() gives what was committed: of every journal whose load() gives something.
  [[nodiscard]] virtual bool keeps_bodies() const { return false; }
  // The bodies of these items as of one commit, the last one or a later one than when it is called, in this order; null for an
  // item of which there is nothing. Each is checked: STORE_DAMAGED, also for an item that is there without its body, or however
  // else a store can fail. May wait for the disk. Thread-safe from load() on, also after stop().
  virtual absl::StatusOr<std::vector<model::BodyPtr>> read_bodies(const std::vector<model::ItemId>& ids) const;

  // Commits what has been appended, then ends. After it returns, no callback runs any more. Idempotent.
  virtual void stop() = 0;
};

}  // namespace sluice::journal
