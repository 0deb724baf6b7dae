#include "server/rpc/unknown_methods.h"

#include <string_view>

#include <fmt/format.h>

#include "absl/status/status.h"
#include "server/base/reaction.h"
#include "server/rpc/status.h"

namespace sluice::rpc {
namespace {

constexpr std::string_view kEnd = "end of an unknown call";
// Of a method's name in the message.
constexpr std::size_t kMaxShown = 200;

class Refusal final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Refusal(std::string_view method) {
    Finish(to_grpc(absl::UnimplementedError(fmt::format(
        "this server has no method {}; check that client and server use the same protos", method.substr(0, kMaxShown)))));
  }
  void OnDone() override {
    const base::ReactionTimer timer(kEnd);
    delete this;
  }
};

}  // namespace

grpc::ServerGenericBidiReactor* UnknownMethods::CreateReactor(grpc::GenericCallbackServerContext* context) {
  return new Refusal(context->method());
}

}  // namespace sluice::rpc
