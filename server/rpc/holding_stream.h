// Streams whose client holds items for as long as they live: what Consume and Work share.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/engine/commands.h"
#include "server/engine/effects.h"
#include "server/rpc/duplex_stream.h"
#include "server/wire/streams.h"

namespace sluice::rpc {

// Gets items while there is credit and the message before has left: what comes in meanwhile is got together. Ends leases as
// the client says, and gives back those that are left when the stream ends.
class HoldingStream : public DuplexStream, private engine::LeaseWatch {
 public:
  using DuplexStream::DuplexStream;

 protected:
  using Results = std::vector<std::pair<model::LeaseId, absl::Status>>;

  // What is kept of an item while the client has it.
  struct Held {
    std::size_t bytes = 0;
    std::int64_t priority = 0;
    model::BodyPtr attributes;  // a body without its payload; null where nobody needs them
    model::JobId job{};
  };
  // What there is to say.
  struct News {
    std::vector<model::Delivery> items;
    std::vector<model::LeaseId> ended;
    Results refused;
    bool end_of_queue = false;
  };

  ~HoldingStream() override = default;

  // What the kinds differ in. Without the lock:
  // Reads a request; the first one sets queue_ and consumer_. An error ends the stream.
  virtual absl::StatusOr<wire::ConsumerOrder> read(grpc::ByteBuffer& request) = 0;
  virtual grpc::ByteBuffer tell(News news) = 0;
  // What a get says besides queue, credit and consumer.
  virtual void complete_get(engine::GetCommand& command) const { command.lease_duration = base::Duration::max(); }
  // A completion with outputs has its answer. Passed on to end_of_hand_on(), at once or later.
  virtual void handed_on(model::LeaseId lease, const absl::Status& status) { end_of_hand_on(lease, status); }
  // In the turn in which the last of what is held is given back.
  virtual void leave(engine::Engine&, base::Time, engine::Effects&) {}
  // With the lock:
  // Whether items may be asked for yet, and whether leave() is still to come.
  [[nodiscard]] virtual bool may_get() const { return true; }
  [[nodiscard]] virtual bool must_leave() const { return false; }
  [[nodiscard]] virtual Held held_of(const model::Delivery& item) const { return {.bytes = item.body->bytes()}; }
  // Whether the client still holds an item whose end was refused so.
  [[nodiscard]] virtual bool keeps(const absl::Status& refusal) const = 0;

  [[nodiscard]] bool wants_more() const override;
  [[nodiscard]] bool busy() const override { return getting_ || ending_leases_ > 0 || !held_.empty() || must_leave(); }
  [[nodiscard]] bool has_answer() const override;
  absl::Status take(grpc::ByteBuffer& request) override;
  grpc::ByteBuffer answer_next() override;
  void let_go(End how) override;
  void written() override { get(); }

  void end_of_hand_on(model::LeaseId lease, const absl::Status& status);
  // Something has ended that the stream waited for.
  void go_further();
  // With the lock:
  // Notes for the next message how a lease ended.
  void note(model::LeaseId lease, const absl::Status& status);
  // It is held no more, and gives its credit back.
  void forget(model::LeaseId lease);
  // Null if the client does not hold it.
  [[nodiscard]] const Held* find_held(model::LeaseId lease) const;

  std::string consumer_;           // set with the first request
  std::size_t ending_leases_ = 0;  // commands that are in the engine, besides the get; guarded by mutex_

 private:
  // The stream's get in the engine: at most one at a time.
  struct Get final : engine::Caller {
    explicit Get(HoldingStream& owner) : stream(owner) {}
    void answer(engine::Answer&& answer) override;
    HoldingStream& stream;
  };
  // A completion with outputs, which may wait for room.
  struct HandOn final : engine::Caller {
    HandOn(HoldingStream& owner, model::LeaseId token) : stream(owner), lease(token) {}
    void answer(engine::Answer&& answer) override;
    HoldingStream& stream;
    model::LeaseId lease;
    std::list<HandOn>::iterator self;
  };

  // engine::LeaseWatch: an item was cancelled. Nothing is given back of it any more; the client is told.
  void revoked(model::LeaseId lease) override;
  void told() override;

  // Asks for as many items as there is credit for, if it is time to.
  void get();
  void take_back_get();
  void got(engine::GetAnswer&& answer);
  // What the client says of items that it holds. Nobody waits for it.
  void report(std::vector<wire::Report>& reports);
  // Ends, fails and releases in one turn.
  void settle(wire::ConsumerOrder& order);
  void hand_on(std::vector<engine::CompleteCommand>& completions);
  void take_back_hand_ons();
  // Whatever has ended, has ended: notes it for the next message.
  void note(const Results& results);
  // Once nothing else is under way at the end: gives back what is held.
  void give_back();

  Get get_{*this};

  // Guarded by mutex_.
  std::uint32_t max_items_ = 1;
  std::uint64_t max_bytes_ = limits::kDefaultStreamBytes;
  bool leaving_ = false;
  bool getting_ = false;
  std::list<HandOn> hand_ons_;                     // counted in ending_leases_
  absl::flat_hash_map<std::uint64_t, Held> held_;  // by lease
  std::size_t held_bytes_ = 0;

  // For the next message.
  std::vector<model::Delivery> items_;
  std::vector<model::LeaseId> ended_;
  Results refused_;
  std::vector<model::LeaseId> revoked_;        // to be refused as soon as that is safe
  std::vector<model::LeaseId> revoked_early_;  // of an answer to the get that is under way
  enum class EndOfQueue { kNotYet, kToTell, kTold } end_of_queue_ = EndOfQueue::kNotYet;
};

}  // namespace sluice::rpc
