// What every journal must do, whatever it stores to. A journal joins by instantiating the suite in a file of its own in this
// folder, with a factory for a place to store to:
//
//   INSTANTIATE_TEST_SUITE_P(Lmdb, JournalConformance, testing::Values(PlaceFactory([] { return std::make_unique<LmdbPlace>();
//   })));
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include <gtest/gtest.h>

#include "server/journal/journal.h"

namespace sluice::journal {

// Where the journals of one test store to: a directory, a database, a MemoryStore. Empty at first; its content outlives the
// journals opened on it. At most one of them is open at a time.
class Place {
 public:
  virtual ~Place() = default;
  virtual std::unique_ptr<Journal> open() = 0;
  // Ends `journal` as a killed process would: without stop(), losing what is not committed. By default a plain destruction,
  // which suits journals whose destructor commits nothing.
  virtual void crash(std::unique_ptr<Journal> journal) { journal.reset(); }
};

using PlaceFactory = std::function<std::unique_ptr<Place>()>;

// A journal that is running, and what it has said so far.
class OpenJournal {
 public:
  // Opens, loads and starts.
  explicit OpenJournal(Place& place);
  ~OpenJournal();

  // What load() gave, in its order.
  [[nodiscard]] const std::vector<model::Record>& loaded() const { return loaded_; }
  Journal* operator->() { return journal_.get(); }
  Position append(std::vector<model::Record> records);
  // Waits until the position is committed; fails the test if that takes longer than ten seconds.
  void await(Position position);
  [[nodiscard]] std::vector<Position> committed() const;
  void stop();
  // Stops, and gives the place free for another.
  void close();
  void crash();

 private:
  Place& place_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Position> committed_;
  std::vector<model::Record> loaded_;
  std::unique_ptr<Journal> journal_;
};

class JournalConformance : public testing::TestWithParam<PlaceFactory> {
 protected:
  // What a journal opened now would load.
  std::vector<model::Record> stored();
  // Opens a journal, appends, waits for the commit, stops.
  void write(std::vector<model::Record> records);

  std::unique_ptr<Place> place_ = GetParam()();
};

}  // namespace sluice::journal
