// Consume: deliveries, and what becomes of them, for as long as the stream lives.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/engine/commands.h"
#include "server/rpc/duplex_stream.h"
#include "server/wire/streams.h"

namespace sluice::rpc {

// Gets items while there is credit and the message before has left: what comes in meanwhile is got together. Ends leases as
// the client says, and gives back those that are left when the stream ends.
class ConsumeStream final : public DuplexStream {
 public:
  using DuplexStream::DuplexStream;

 protected:
  [[nodiscard]] bool wants_more() const override;
  [[nodiscard]] bool busy() const override { return getting_ || ending_leases_ > 0 || !held_.empty(); }
  [[nodiscard]] bool has_answer() const override;
  absl::Status take(grpc::ByteBuffer& request) override;
  grpc::ByteBuffer answer_next() override;
  void let_go(End how) override;
  void written() override { get(); }

 private:
  using Results = std::vector<std::pair<model::LeaseId, absl::Status>>;

  // The stream's get in the engine: at most one at a time.
  struct Get final : engine::Caller {
    explicit Get(ConsumeStream& owner) : stream(owner) {}
    void answer(engine::Answer&& answer) override;
    ConsumeStream& stream;
  };
  // A completion with outputs, which may wait for room.
  struct HandOn final : engine::Caller {
    HandOn(ConsumeStream& owner, model::LeaseId token) : stream(owner), lease(token) {}
    void answer(engine::Answer&& answer) override;
    ConsumeStream& stream;
    model::LeaseId lease;
    std::list<HandOn>::iterator self;
  };

  ~ConsumeStream() override = default;

  // Asks for as many items as there is credit for, if it is time to.
  void get();
  void take_back_get();
  void got(engine::GetAnswer&& answer);
  // Ends, fails and releases in one turn.
  void settle(wire::ConsumerOrder& order);
  void hand_on(std::vector<engine::CompleteCommand>& completions);
  void take_back_hand_ons();
  // Whatever has ended, has ended: notes it for the next message.
  void note(const Results& results);
  void note(model::LeaseId lease, const absl::Status& status);  // with the lock
  // Once nothing else is under way at the end: gives back what is held.
  void give_back();
  void go_further();

  Get get_{*this};
  std::string consumer_;  // set with the first request

  // Guarded by mutex_.
  std::uint32_t max_items_ = 1;
  std::uint64_t max_bytes_ = limits::kDefaultStreamBytes;
  bool leaving_ = false;
  bool getting_ = false;
  std::size_t ending_leases_ = 0;                         // commands about leases that are in the engine
  std::list<HandOn> hand_ons_;                            // counted in ending_leases_
  absl::flat_hash_map<std::uint64_t, std::size_t> held_;  // leases and the bytes of their items
  std::size_t held_bytes_ = 0;

  // For the next message.
  std::vector<model::Delivery> items_;
  std::vector<model::LeaseId> ended_;
  Results refused_;
  enum class EndOfQueue { kNotYet, kToTell, kTold } end_of_queue_ = EndOfQueue::kNotYet;
};

}  // namespace sluice::rpc
