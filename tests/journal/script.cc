#include "tests/journal/script.h"

#include <fmt/format.h>

#include "server/journal/schema.h"

namespace sluice::journal {
namespace {

constexpr model::QueueId kQueue{1};

template <class Message, class Record>
std::string content(const Record& record) {
  Message message;
  to_store(record, message);
  return message.SerializeAsString();
}

struct Describer {
  std::string operator()(const model::SequenceRecord& record) const { return "sequence " + content<store::Sequence>(record); }
  std::string operator()(const model::QueueRecord& record) const {
    return fmt::format("queue {} ", model::number(record.id)) + content<store::Queue>(record);
  }
  std::string operator()(const model::CountersRecord& record) const {
    return fmt::format("counters {} ", model::number(record.queue)) + content<store::Counters>(record);
  }
  std::string operator()(const model::ItemRecord& record) const {
    return fmt::format("item {} ", model::number(record.id)) + content<store::Item>(record) +
           content<store::Body>(*record.body);
  }
  std::string operator()(const model::RequestRecord& record) const {
    return fmt::format("request {} {} ", model::number(record.queue), record.key) + content<store::Request>(record);
  }
  std::string operator()(const model::PipelineRecord& record) const {
    return fmt::format("pipeline {} ", record.name) + content<store::Pipeline>(record);
  }
  std::string operator()(const model::JobRecord& record) const {
    return fmt::format("job {} ", model::number(record.id)) + content<store::Job>(record);
  }
  std::string operator()(const model::BatchRecord& record) const {
    return fmt::format("batch {} ", model::number(record.id)) + content<store::Batch>(record);
  }
  std::string operator()(const model::LimitRecord& record) const {
    return fmt::format("limit {} ", record.spec.name) + content<store::Limit>(record);
  }
  std::string operator()(const model::ScheduleRecord& record) const {
    return fmt::format("schedule {} ", record.spec.name) + content<store::Schedule>(record);
  }
  template <class Erased>
  std::string operator()(const Erased&) const {
    return "an erasure, which no journal may load";
  }
};

}  // namespace

std::string describe(const model::Record& record) { return std::visit(Describer{}, record); }

absl::StatusOr<std::vector<std::string>> load_all(Journal& journal) {
  std::vector<std::string> state;
  const auto status = journal.load([&](model::Record&& record) { state.push_back(describe(record)); });
  if (!status.ok()) return status;
  return state;
}

Script::Script(std::uint64_t seed, std::size_t appends) : dice_(seed) {
  states_.emplace_back();
  for (std::size_t i = 0; i < appends; ++i) next_append();
}

void Script::add_item(std::vector<model::Record>& records) {
  model::ItemRecord item;
  item.id = model::ItemId{next_id_++};
  item.queue = kQueue;
  item.rank = static_cast<std::int64_t>(model::number(item.id));
  // Some payloads need pages of their own.
  const std::size_t size = dice_() % 4 == 0 ? 3'000 + dice_() % 9'000 : dice_() % 300;
  item.body = std::make_shared<const model::Body>(
      model::Body{std::string(size, static_cast<char>('a' + dice_() % 26)), {{"key", std::to_string(dice_() % 10)}}});
  if (dice_() % 3 == 0) {
    const std::string key = std::to_string(dice_() % 10);
    item.options = std::make_shared<const model::ItemOptions>(
        model::ItemOptions{.expires = base::Time{base::Duration(dice_() % 1'000'000)}, .dedup_key = key, .order_key = key});
  }
  records.emplace_back(item);
  item.body.reset();
  items_.push_back(item);
}

void Script::change_item(std::vector<model::Record>& records) {
  const std::size_t which = dice_() % items_.size();
  if (dice_() % 2 == 0) {
    ++items_[which].attempt;
    items_[which].state = model::ItemState::kLeased;
    items_[which].lost += dice_() % 2;
    records.emplace_back(items_[which]);
  } else {
    records.emplace_back(model::ItemErased{items_[which].id, kQueue});
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(which));
  }
}

// Limits and schedules, which come, change and go under few names.
void Script::change_rules(std::vector<model::Record>& records) {
  const std::string name = std::to_string(dice_() % 4);
  switch (dice_() % 8) {
    case 0:
      records.emplace_back(model::LimitErased{name});
      break;
    case 1:
      records.emplace_back(model::ScheduleErased{name});
      break;
    case 2:
    case 3:
      records.emplace_back(model::LimitRecord{{name, static_cast<std::uint32_t>(dice_() % 100), 2.5, 7}});
      break;
    default: {
      model::ScheduleRecord record{.spec = {.name = name, .queue = "q", .every = base::Duration(1 + dice_() % 1'000'000)}};
      record.spec.body = std::make_shared<const model::Body>(model::Body{std::string(dice_() % 500, 's'), {{"k", "v"}}});
      record.state.counters.put = dice_() % 1'000;
      record.state.waiting.resize(dice_() % 3);
      records.emplace_back(std::move(record));
    }
  }
}

void Script::next_append() {
  std::vector<model::Record> records;
  const auto number = appends_.size();
  if (number == 0) {
    model::QueueRecord queue;
    queue.id = kQueue;
    queue.name = "q";
    queue.settings.time_to_live = std::chrono::hours(1);
    queue.settings.dead_letter_expired = true;
    queue.settings.dedup_window = std::chrono::minutes(3);
    queue.settings.retry.max_lost_attempts = 3;
    queue.settings.retry.final_exit_codes = {2, 64};
    records.emplace_back(queue);
    records.emplace_back(model::SequenceRecord{1'000, 1'000, 10});
  }
  const std::size_t changes = 1 + dice_() % 5;
  for (std::size_t i = 0; i < changes; ++i) {
    if (items_.empty() || dice_() % 3 != 0) {
      add_item(records);
    } else {
      change_item(records);
    }
  }
  model::CountersRecord counters;
  counters.queue = kQueue;
  counters.counters.put = number;
  counters.counters.cancelled = number / 2;
  counters.counters.expired = number / 3;
  counters.counters.redriven = number / 4;
  counters.counters.duplicates = number / 5;
  records.emplace_back(counters);
  if (number % 7 == 3) records.emplace_back(model::RequestRecord{kQueue, fmt::format("put/{}", number), {}, {}, 1});
  if (number % 14 == 10) records.emplace_back(model::RequestErased{kQueue, fmt::format("put/{}", number - 7)});
  if (number % 11 == 5) records.emplace_back(model::PipelineRecord{"p", {}, {}, number});
  if (number % 2 == 0) change_rules(records);
  if (number % 5 == 2) {
    model::JobRecord job{.id = model::JobId{number}, .queue = "q"};
    if (number % 2 == 0)
      job.results.push_back(std::make_shared<const model::Body>(model::Body{std::string(number * 50, 'r'), {}}));
    records.emplace_back(job);
    records.emplace_back(model::BatchRecord{.id = model::BatchId{number}, .jobs = 1});
  }
  if (number % 15 == 8) {
    records.emplace_back(model::JobErased{model::JobId{number - 6}});
    records.emplace_back(model::BatchErased{model::BatchId{number - 6}});
  }

  for (const auto& record : records) store_.apply(model::Record(record));
  std::vector<std::string> state;
  store_.each([&](model::Record&& record) { state.push_back(describe(record)); });
  states_.push_back(std::move(state));
  appends_.push_back(std::move(records));
}

}  // namespace sluice::journal
