// A stream both ways, as Produce, Consume and Work are. Free of gRPC, which is slow to compile.
#pragma once

#include "sluice/v1/pipeline_service.pb.h"
#include "sluice/v1/queue_service.pb.h"

namespace sluice::internal {

// One thread may write while another reads. It is not taken up again when it breaks. What is not finished is cancelled when it
// is destroyed.
template <class Request, class Response>
class Duplex {
 public:
  virtual ~Duplex() = default;

  // False once the stream is over; finish() says why.
  virtual bool write(const Request& request) = 0;
  virtual bool read(Response& response) = 0;
  // Nothing more is written.
  virtual void writes_done() = 0;
  // Once, when read() has returned false and nobody writes any more. Throws the Error that it ended with, if it did.
  virtual void finish() = 0;
};

using ProduceStream = Duplex<v1::ProduceRequest, v1::ProduceResponse>;
using ConsumeStream = Duplex<v1::ConsumeRequest, v1::ConsumeResponse>;
using WorkStream = Duplex<v1::WorkRequest, v1::WorkResponse>;

}  // namespace sluice::internal
