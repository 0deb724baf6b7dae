// The range-for over a queue.
#include <utility>

#include "client/src/consumption.h"
#include "sluice/queue.h"

namespace sluice {

Items::Items(std::shared_ptr<internal::Connection> connection, std::string queue, ConsumeOptions options)
    : connection_(std::move(connection)), queue_(std::move(queue)), options_(std::move(options)) {}

Items::Iterator Items::begin() const {
  auto consumption = std::make_shared<internal::Consumption>(connection_, queue_, options_);
  consumption->next();
  return Iterator(std::move(consumption));
}

Items::Iterator::Iterator(std::shared_ptr<internal::Consumption> consumption) : consumption_(std::move(consumption)) {}

Item& Items::Iterator::operator*() const { return *consumption_->current(); }

bool Items::Iterator::at_end() const { return !consumption_->current().has_value(); }

Items::Iterator& Items::Iterator::operator++() {
  consumption_->finish();
  consumption_->next();
  return *this;
}

Items Queue::consume(ConsumeOptions options) const { return {connection_, name_, std::move(options)}; }

}  // namespace sluice
