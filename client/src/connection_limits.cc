// The calls on limits.
#include "client/src/wire.h"

namespace sluice::internal {

using LimitStub = v1::LimitService::Stub;

v1::CreateLimitResponse Connection::call(const v1::CreateLimitRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->limits(), &LimitStub::CreateLimit, request, options, Repeat::kUnsafe);
}

v1::UpdateLimitResponse Connection::call(const v1::UpdateLimitRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->limits(), &LimitStub::UpdateLimit, request, options, Repeat::kSafe);
}

v1::GetLimitResponse Connection::call(const v1::GetLimitRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->limits(), &LimitStub::GetLimit, request, options, Repeat::kSafe);
}

v1::ListLimitsResponse Connection::call(const v1::ListLimitsRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->limits(), &LimitStub::ListLimits, request, options, Repeat::kSafe);
}

v1::DeleteLimitResponse Connection::call(const v1::DeleteLimitRequest& request, const CallOptions& options) {
  return wire_->unary(wire_->limits(), &LimitStub::DeleteLimit, request, options, Repeat::kUnsafe);
}

}  // namespace sluice::internal
