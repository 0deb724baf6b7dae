// Consume: deliveries of a queue, and what becomes of them.
#pragma once

#include "server/rpc/holding_stream.h"

namespace sluice::rpc {

// A completion that is refused leaves the item with the client, unless its lease is lost.
class ConsumeStream final : public HoldingStream {
 public:
  using HoldingStream::HoldingStream;

 private:
  ~ConsumeStream() override = default;

  absl::StatusOr<wire::ConsumerOrder> read(grpc::ByteBuffer& request) override;
  grpc::ByteBuffer tell(News news) override;
  [[nodiscard]] bool keeps(const absl::Status& refusal) const override;
};

}  // namespace sluice::rpc
