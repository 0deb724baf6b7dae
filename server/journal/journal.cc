#include "server/journal/journal.h"

#include "server/base/errors.h"

namespace sluice::journal {

absl::StatusOr<BackupFile> Journal::back_up(const std::function<bool()>& /*go_on*/) {
  return base::error(base::Reason::kNoStore,
                     "this server keeps everything in memory only, so there is nothing to back up; start it with --data DIR");
}

absl::StatusOr<std::vector<model::BodyPtr>> Journal::read_bodies(const std::vector<model::ItemId>& ids) const {
  return std::vector<model::BodyPtr>(ids.size());
}

}  // namespace sluice::journal
