// The life of items: how they come into being, change state and end. The one place where an item's state changes.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "server/engine/tables.h"

namespace sluice::engine {

// Gives an item its body, which it keeps in memory if the budget allows; counts its bytes.
void keep_body(Tables& tables, Item& item, model::BodyPtr body);
// A new item in `queue`, under an id that was given out for it; of a job, or of none.
void admit(Step& step, Queue& queue, model::NewItem&& item, model::ItemId id, Job* job = nullptr);

// Waiting -> leased, until `expires`.
void lease(Step& step, Item& item, base::Time expires, std::shared_ptr<const Holder> holder);
// Delayed -> waiting, its time having come.
void ripen(Step& step, Item& item);
// Leased -> waiting, as if it had never been handed out.
void release(Step& step, Item& item);
// Leased -> done.
void finish(Step& step, Item& item);
// Waiting, delayed or leased -> discarded.
void discard(Step& step, Item& item);
// Waiting, delayed or leased -> cancelled.
void cancel(Step& step, Item& item);
// The time to live of a waiting or delayed item is over: -> expired, and to the dead-letter queue if its queue says so.
void expire(Step& step, Item& item);
// Waiting -> redriven, and waiting in `to`, which has room for it.
void redrive(Step& step, Item& item, Queue& to);
// Discards everything waiting and delayed; returns how many.
std::uint64_t discard_depth(Step& step, Queue& queue);

// Keeps what a request was answered with, so that a repeated one gets the same.
void remember(Step& step, Queue& queue, std::string_view request_id, model::LeaseId lease, model::ItemId first,
              std::uint32_t count, const std::vector<model::ItemId>& ids = {});
// The same of a named producer: so many of its items are in the queue now.
void remember_position(Step& step, Queue& queue, const std::string& producer, std::uint64_t position);
// From now on `owner` alone puts the producer's items, the next of which is the one at `position` if nothing is known of it.
void claim_position(Step& step, Queue& queue, const std::string& producer, std::uint64_t position, const Caller& owner);
// Forgets the requests and producers whose time is over, and sets the timer for the next.
void forget_requests(Step& step, Queue& queue);

// An attempt ended badly: leased -> waiting or delayed for another one, or to the dead-letter queue. `failure` gets its
// queue, stage, attempt and time filled in.
void fail_attempt(Step& step, Item& item, model::Failure failure, bool do_not_retry, std::optional<base::Duration> retry_delay);
// The consumer is lost: back to the head at once, the attempt counted; or to the dead-letter queue.
void lose_lease(Step& step, Item& item, std::string_view reason, std::string_view message);
// The same for several of one queue, none twice, in such an order that they lie as they lay before they were handed out.
void lose_leases(Step& step, const Queue& queue, std::vector<Item*> held, std::string_view reason, std::string_view message);

}  // namespace sluice::engine
