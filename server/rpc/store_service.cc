#include "server/rpc/store_service.h"

#include "server/rpc/backup_stream.h"

namespace sluice::rpc {

grpc::ServerWriteReactor<grpc::ByteBuffer>* StoreService::Backup(grpc::CallbackServerContext* context,
                                                                 const grpc::ByteBuffer* in) {
  constexpr Method kMethod = "StoreService/Backup"_method;
  const base::ReactionTimer timer(kMethod.name());
  auto* stream = new BackupStream(kMethod, context, house_);
  v1::BackupRequest request;
  auto status = house_.answering();
  if (status.ok()) status = parse(const_cast<grpc::ByteBuffer&>(*in), request);
  if (status.ok()) status = house_.open();
  if (status.ok()) {
    stream->start();
  } else {
    stream->refuse(status);
  }
  return stream;
}

}  // namespace sluice::rpc
