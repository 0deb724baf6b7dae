#include <algorithm>

#include "server/admin/metrics.h"

namespace sluice::admin {
namespace {

using engine::QueueView;
using model::QueueCounters;
using Type = Exposition::Type;

struct Gauge {
  std::string_view name;
  std::string_view help;
  double (*of)(const QueueView& queue);
};

constexpr Gauge kGauges[] = {
    {"sluice_queue_capacity", "How many items may wait or be delayed before puts are held back; 0 = unbounded.",
     [](const QueueView& queue) { return static_cast<double>(queue.settings.capacity); }},
    {"sluice_queue_bytes", "Payload and attribute bytes of all unfinished items.",
     [](const QueueView& queue) { return static_cast<double>(queue.bytes); }},
    {"sluice_queue_oldest_age_seconds", "How long the longest-waiting item has been waiting; 0 if none is.",
     [](const QueueView& queue) {
       return std::chrono::duration<double>(queue.oldest_age.value_or(base::Duration{0})).count();
     }},
    {"sluice_queue_waiting_puts", "Puts, and completions that hand on to the queue, that are held back.",
     [](const QueueView& queue) { return static_cast<double>(queue.waiting_puts); }},
    {"sluice_queue_waiting_gets", "Consumers that wait for an item.",
     [](const QueueView& queue) { return static_cast<double>(queue.waiting_gets); }},
    {"sluice_queue_waiting_joins", "Joins that wait for the end.",
     [](const QueueView& queue) { return static_cast<double>(queue.waiting_joins); }},
    {"sluice_queue_open", "1 while the queue takes puts.",
     [](const QueueView& queue) { return queue.state == model::QueueState::kOpen ? 1.0 : 0.0; }},
    {"sluice_queue_paused", "1 while the queue hands nothing out.",
     [](const QueueView& queue) { return queue.paused ? 1.0 : 0.0; }},
};

struct Counter {
  std::string_view name;
  std::string_view help;
  std::uint64_t QueueCounters::*count;
};

constexpr Counter kCounters[] = {
    {"sluice_queue_put_total", "Items admitted by puts and hand-offs.", &QueueCounters::put},
    {"sluice_queue_done_total", "Items completed.", &QueueCounters::done},
    {"sluice_queue_delivered_total", "Hand-outs of an item to a consumer, first or repeated.", &QueueCounters::delivered},
    {"sluice_queue_failed_total", "Attempts that a consumer ended as failed.", &QueueCounters::failed},
    {"sluice_queue_lease_lost_total", "Leases that ran out or whose consumer broke off.", &QueueCounters::lease_lost},
    {"sluice_queue_retried_total", "Items that went back to be delivered again.", &QueueCounters::retried},
    {"sluice_queue_dead_lettered_total", "Items whose attempts were used up.", &QueueCounters::dead_lettered},
    {"sluice_queue_discarded_total", "Items discarded by a purge, an immediate close, or with the queue.",
     &QueueCounters::discarded},
    {"sluice_queue_rejected_total", "Puts refused because the queue stayed full.", &QueueCounters::rejected},
    {"sluice_queue_cancelled_total", "Items ended by a cancel.", &QueueCounters::cancelled},
    {"sluice_queue_expired_total", "Items that waited past their time to live.", &QueueCounters::expired},
    {"sluice_queue_redriven_total", "Items that were sent back from a dead-letter queue, or elsewhere.",
     &QueueCounters::redriven},
    {"sluice_queue_duplicates_total", "Items not put, because their key was in use.", &QueueCounters::duplicates},
};

// What queues without series of their own show together.
void add(const QueueView& queue, QueueView& others) {
  others.settings.capacity += queue.settings.capacity;
  others.waiting += queue.waiting;
  others.delayed += queue.delayed;
  others.leased += queue.leased;
  others.bytes += queue.bytes;
  others.waiting_puts += queue.waiting_puts;
  others.waiting_gets += queue.waiting_gets;
  others.waiting_joins += queue.waiting_joins;
  others.oldest_age = std::max(others.oldest_age, queue.oldest_age);
  others.stalls.insert(others.stalls.end(), queue.stalls.begin(), queue.stalls.end());
}

void write_stalls(const std::vector<const QueueView*>& queues, Exposition& out) {
  out.family("sluice_queue_stalled", Type::kGauge,
             "How often the reason holds the queue up now; without a series if nothing does.");
  for (const QueueView* queue : queues) {
    std::map<std::string_view, std::uint64_t> reasons;
    for (const auto& stall : queue->stalls) ++reasons[engine::name(stall.reason)];
    for (const auto& [reason, count] : reasons) out.value({{"queue", queue->name}, {"reason", reason}}, count);
  }
}

void write(const std::vector<const QueueView*>& queues, Exposition& out) {
  out.family("sluice_queue_items", Type::kGauge, "Unfinished items.");
  for (const QueueView* queue : queues) {
    out.value({{"queue", queue->name}, {"state", "waiting"}}, queue->waiting);
    out.value({{"queue", queue->name}, {"state", "delayed"}}, queue->delayed);
    out.value({{"queue", queue->name}, {"state", "leased"}}, queue->leased);
  }
  for (const Gauge& gauge : kGauges) {
    out.family(gauge.name, Type::kGauge, gauge.help);
    for (const QueueView* queue : queues) out.value({{"queue", queue->name}}, gauge.of(*queue));
  }
  write_stalls(queues, out);
  for (const Counter& counter : kCounters) {
    out.family(counter.name, Type::kCounter, counter.help);
    for (const QueueView* queue : queues) out.value({{"queue", queue->name}}, queue->counters.*counter.count);
  }
  out.family("sluice_queue_wait_seconds", Type::kHistogram, "From the put of an item to its first delivery; delays count.");
  for (const QueueView* queue : queues) out.value({{"queue", queue->name}}, queue->wait_times);
}

}  // namespace

void QueueCounts::add_growth(const QueueCounts& before, const QueueCounts& now) {
  for (const Counter& counter : kCounters) {
    counters.*counter.count += now.counters.*counter.count - before.counters.*counter.count;
  }
  for (std::size_t i = 0; i < wait_times.counts.size(); ++i) {
    wait_times.counts[i] += now.wait_times.counts[i] - before.wait_times.counts[i];
  }
  wait_times.sum += now.wait_times.sum - before.wait_times.sum;
}

void Metrics::write_queues(const std::vector<QueueView>& all, Exposition& out) {
  out.family("sluice_queues", Type::kGauge, "Queues that there are.");
  out.value({}, std::uint64_t{all.size()});
  std::vector<const QueueView*> shown;
  QueueView others;
  others.name = "_other";
  others.settings.capacity = 0;
  for (const QueueView& queue : all) {
    if (queues_.see(queue.name, queue.create_time, {queue.counters, queue.wait_times})) {
      shown.push_back(&queue);
    } else {
      add(queue, others);
    }
  }
  queues_.forget_unseen();
  if (queues_.has_others()) {
    others.counters = queues_.others().counters;
    others.wait_times = queues_.others().wait_times;
    shown.push_back(&others);
  }
  write(shown, out);
}

}  // namespace sluice::admin
