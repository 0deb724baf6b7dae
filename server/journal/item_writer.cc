#include "server/journal/item_writer.h"

#include "server/journal/keys.h"
#include "server/journal/schema.h"

namespace sluice::journal {

absl::Status ItemWriter::write(const ItemChanges::Change& change) {
  const ItemKey id(change.id);
  const std::string_view key = id.view();
  if (change.state == nullptr) return erase(key);
  to_store(*change.state, item_);
  auto status = change.body != nullptr ? add_body(key, *change.body) : keep_body(key);
  if (!status.ok()) return status;
  return change.fresh ? write_.append(Table::kItems, key, item_) : write_.put(Table::kItems, key, item_);
}

absl::Status ItemWriter::erase(std::string_view key) {
  auto status = write_.erase(Table::kItems, key);
  status.Update(write_.erase(Table::kBodies, key));
  return status;
}

absl::Status ItemWriter::add_body(std::string_view key, const model::Body& body) {
  if (body.bytes() <= kMaxInlineBodyBytes) {
    add_to_store(body, item_);
    return absl::OkStatus();
  }
  to_store(body, body_);
  return write_.append(Table::kBodies, key, body_);
}

absl::Status ItemWriter::keep_body(std::string_view key) {
  const auto found = write_.read(Table::kItems, key, stored_);
  if (!found.ok()) return found.status();
  if (*found && stored_.has_payload()) {
    item_.mutable_payload()->swap(*stored_.mutable_payload());
    item_.mutable_attributes()->Swap(stored_.mutable_attributes());
  }
  return absl::OkStatus();
}

}  // namespace sluice::journal
