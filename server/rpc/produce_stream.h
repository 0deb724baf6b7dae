// Produce: puts for as long as the stream lives.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/engine/commands.h"
#include "server/rpc/duplex_stream.h"
#include "server/rpc/trace.h"
#include "sluice/v1/queue_service.pb.h"

namespace sluice::rpc {

// One command at a time is in the engine. What is read meanwhile is gathered and becomes the next one, so that order and
// acknowledgements need no further thought, and the journal's commits are shared by all that has come in.
class ProduceStream final : public DuplexStream, public engine::Caller {
 public:
  ProduceStream(Method method, grpc::CallbackServerContext* context, House& house)
      : DuplexStream(method, context, house), trace_(trace_of(*context)) {}

  void answer(engine::Answer&& answer) override;

 protected:
  [[nodiscard]] bool wants_more() const override;
  [[nodiscard]] bool busy() const override { return putting_ || claims_ || has_items_to_put(); }
  [[nodiscard]] bool has_answer() const override { return !said_; }
  absl::Status take(grpc::ByteBuffer& request) override;
  grpc::ByteBuffer answer_next() override;
  void let_go(End how) override;

 private:
  ~ProduceStream() override = default;

  [[nodiscard]] bool has_items_to_put() const { return !gathered_.empty() && ending() <= End::kHalfClosed; }
  // Hands what has gathered to the engine, or first claims the producer, unless a command is there already.
  void put();
  // Whether there is something to hand over; what it is goes into `command`.
  bool next_command(engine::PutCommand& command);
  void take_back_put();
  // What the next message will say of it. Under mutex_.
  void note(const engine::PutAnswer& answer);

  const std::optional<model::TraceContext> trace_;  // of the stream: its items'

  std::string producer_;  // set by the first message, and not changed

  // Guarded by mutex_.
  std::uint64_t position_ = 0;  // of the next item that is handed to the engine
  bool claims_ = false;         // the producer is to be claimed before anything is put
  bool asks_ = false;           // the first message had no items: the claim's answer is told
  std::vector<model::NewItem> gathered_;
  std::size_t gathered_bytes_ = 0;
  bool putting_ = false;  // a command is in the engine, or on its way there
  bool said_ = true;      // nothing has been acknowledged since the last message
  v1::ProduceResponse next_;
};

}  // namespace sluice::rpc
