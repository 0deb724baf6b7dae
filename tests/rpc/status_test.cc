#include "server/rpc/status.h"

#include "google/rpc/status.pb.h"
#include "server/base/errors.h"
#include "server/wire/utf8.h"
#include "tests/rpc/fixture.h"

namespace sluice::rpc {
namespace {

using grpc::StatusCode;

TEST(Status, IsOkWhenAllIsWell) { EXPECT_TRUE(to_grpc(absl::OkStatus()).ok()); }

TEST(Status, CarriesEveryReasonOfTheTable) {
  for (const auto& each : base::all_reasons()) {
    auto error = base::error(each.reason, "what, why, what to try");
    base::annotate(error, "queue", "tasks");
    const auto status = to_grpc(error);
    EXPECT_EQ(static_cast<int>(status.error_code()), static_cast<int>(each.code));
    EXPECT_EQ(status.error_message(), "what, why, what to try");
    EXPECT_EQ(reason_of(status), each.name);
    EXPECT_EQ(metadata_of(status, "queue"), "tasks");
    EXPECT_EQ(metadata_of(status, "field"), "");
  }
}

TEST(Status, TakesWhatHasNoReasonForADefect) {
  EXPECT_THAT(to_grpc(absl::UnknownError("what?")), FailsWith(StatusCode::INTERNAL, "INTERNAL"));
}

TEST(Status, NamesWhatIsNoErrorOfTheServersByItsCode) {
  EXPECT_THAT(to_grpc(absl::CancelledError("gone")), FailsWith(StatusCode::CANCELLED, "CANCELLED"));
  EXPECT_THAT(to_grpc(absl::DeadlineExceededError("late")), FailsWith(StatusCode::DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED"));
  EXPECT_THAT(to_grpc(absl::UnimplementedError("what?")), FailsWith(StatusCode::UNIMPLEMENTED, "UNIMPLEMENTED"));
}

TEST(Status, FitsIntoHeadersAndCanBeRead) {
  const auto status = to_grpc(base::error(base::Reason::kInternal, std::string(100'000, '\xff')));
  EXPECT_LE(status.error_message().size(), 1024U);
  EXPECT_TRUE(wire::is_utf8(status.error_message()));
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
}

}  // namespace
}  // namespace sluice::rpc
