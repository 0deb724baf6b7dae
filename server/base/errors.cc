#include "server/base/errors.h"

#include <array>
#include <charconv>

#include "absl/strings/cord.h"

namespace sluice::base {
namespace {

using absl::StatusCode;

// Where a status keeps its reason: a payload under this type URL, the enum's number in decimal.
constexpr absl::string_view kReasonUrl = "sluice/reason";
// And what it is about: this and the key.
constexpr std::string_view kAboutUrl = "sluice/about/";

constexpr std::array kReasons = {
    ReasonInfo{Reason::kMalformedRequest, "MALFORMED_REQUEST", StatusCode::kInvalidArgument,
               "The request's bytes do not parse as the message that the call takes. Check that client and server use the same "
               "protos."},
    ReasonInfo{Reason::kInvalidUtf8, "INVALID_UTF8", StatusCode::kInvalidArgument,
               "A text field or an attribute is not UTF-8. Put binary data into the payload."},
    ReasonInfo{Reason::kInvalidName, "INVALID_NAME", StatusCode::kInvalidArgument,
               "A name is empty, longer than 200 bytes, or has characters other than A-Z a-z 0-9 . _ - : /, or does not begin "
               "with a letter or digit."},
    ReasonInfo{Reason::kInvalidValue, "INVALID_VALUE", StatusCode::kInvalidArgument,
               "A field is missing or out of its range; the message names the field and the range."},
    ReasonInfo{Reason::kPayloadTooLarge, "PAYLOAD_TOO_LARGE", StatusCode::kInvalidArgument,
               "A payload is larger than 4 MiB. Put a reference to the data instead of the data."},
    ReasonInfo{Reason::kAttributesTooLarge, "ATTRIBUTES_TOO_LARGE", StatusCode::kInvalidArgument,
               "An item has more than 64 attributes, a key longer than 128 bytes, or more than 64 KiB of them."},
    ReasonInfo{
        Reason::kBatchTooLarge, "BATCH_TOO_LARGE", StatusCode::kInvalidArgument,
        "A put has more items than the queue's capacity, so it could never be admitted. Split it, or raise the capacity."},
    ReasonInfo{Reason::kQueueNotFound, "QUEUE_NOT_FOUND", StatusCode::kNotFound,
               "No queue has this name, or it was deleted while the call waited. Create it first."},
    ReasonInfo{Reason::kQueueExists, "QUEUE_EXISTS", StatusCode::kAlreadyExists,
               "A queue of this name exists already. Use it, or allow_existing, or another name."},
    ReasonInfo{
        Reason::kQueueFull, "QUEUE_FULL", StatusCode::kResourceExhausted,
        "The queue stayed full for as long as the put was allowed to wait; nothing was put. Try again later, wait longer, add "
        "consumers."},
    ReasonInfo{Reason::kQueueClosed, "QUEUE_CLOSED", StatusCode::kFailedPrecondition,
               "The queue takes no more items, for good; nothing was put."},
    ReasonInfo{Reason::kQueueNotEmpty, "QUEUE_NOT_EMPTY", StatusCode::kFailedPrecondition,
               "The queue has unfinished items. Join or purge it first, or delete it with force."},
    ReasonInfo{Reason::kQueueInUse, "QUEUE_IN_USE", StatusCode::kFailedPrecondition,
               "A stage reads or feeds the queue. Delete its pipeline first."},
    ReasonInfo{Reason::kSettingImmutable, "SETTING_IMMUTABLE", StatusCode::kFailedPrecondition,
               "This setting is fixed when the queue is created. Create another queue."},
    ReasonInfo{Reason::kLeaseLost, "LEASE_LOST", StatusCode::kFailedPrecondition,
               "The token gives no right to the item any more: its lease ran out and the item went to somebody else, or it was "
               "ended already. Drop what was computed; extend leases of long work in time."},
    ReasonInfo{Reason::kPipelineNotFound, "PIPELINE_NOT_FOUND", StatusCode::kNotFound, "No pipeline has this name."},
    ReasonInfo{Reason::kPipelineExists, "PIPELINE_EXISTS", StatusCode::kAlreadyExists,
               "A pipeline of this name exists already. Delete it first, or use another name."},
    ReasonInfo{Reason::kInvalidPipeline, "INVALID_PIPELINE", StatusCode::kInvalidArgument,
               "The stages and queues do not make a pipeline; the message says why."},
    ReasonInfo{Reason::kStageNotFound, "STAGE_NOT_FOUND", StatusCode::kNotFound, "The pipeline has no stage of this name."},
    ReasonInfo{Reason::kStageRemote, "STAGE_REMOTE", StatusCode::kFailedPrecondition,
               "The stage has no handler, so the server cannot run workers for it. Attach some: `sluice work --stage "
               "PIPELINE/STAGE -- COMMAND`."},
    ReasonInfo{Reason::kHandlerNotFound, "HANDLER_NOT_FOUND", StatusCode::kNotFound,
               "No handler has this name. Handlers come from the server's configuration; `sluice handlers` lists them."},
    ReasonInfo{Reason::kJobNotFound, "JOB_NOT_FOUND", StatusCode::kNotFound,
               "No job ever had this id. Was it submitted to this server, and is its data directory the same?"},
    ReasonInfo{
        Reason::kJobForgotten, "JOB_FORGOTTEN", StatusCode::kNotFound,
        "The id was given away, and there is no job of it now: it ended and was kept for its time, or was one of more "
        "than are kept, or was forgotten by request; or it is the id of an item that was put, not submitted. Ask sooner, "
        "or submit with a longer keep."},
    ReasonInfo{Reason::kBatchNotFound, "BATCH_NOT_FOUND", StatusCode::kNotFound,
               "No batch ever had this id. Was it submitted to this server, and is its data directory the same?"},
    ReasonInfo{
        Reason::kBatchForgotten, "BATCH_FORGOTTEN", StatusCode::kNotFound,
        "The id was given away, and there is no batch of it now: it ended and was kept for its time, or was forgotten by "
        "request; or it is the id of something else."},
    ReasonInfo{Reason::kBatchSealed, "BATCH_SEALED", StatusCode::kFailedPrecondition,
               "The batch takes no more jobs: it was submitted as a whole, or was sealed, or nobody added to it within its "
               "patience. Begin another one."},
    ReasonInfo{Reason::kLimitReached, "LIMIT_REACHED", StatusCode::kResourceExhausted,
               "A limit of the server is reached; the message names it. Nothing was done. Try again later."},
    ReasonInfo{Reason::kLimitNotFound, "LIMIT_NOT_FOUND", StatusCode::kNotFound,
               "No named limit has this name. Make it first: `sluice limit create NAME --at-once N`, or `limits` in the "
               "configuration."},
    ReasonInfo{Reason::kLimitExists, "LIMIT_EXISTS", StatusCode::kAlreadyExists,
               "A named limit of this name exists already. Update it, or use another name."},
    ReasonInfo{Reason::kLimitInUse, "LIMIT_IN_USE", StatusCode::kFailedPrecondition,
               "A stage names the limit; the message says which. Delete its pipeline first."},
    ReasonInfo{Reason::kScheduleNotFound, "SCHEDULE_NOT_FOUND", StatusCode::kNotFound,
               "No schedule has this name. `sluice schedule ls` lists them."},
    ReasonInfo{Reason::kScheduleExists, "SCHEDULE_EXISTS", StatusCode::kAlreadyExists,
               "A schedule of this name exists already. Update it, or use another name."},
    ReasonInfo{Reason::kShuttingDown, "SHUTTING_DOWN", StatusCode::kUnavailable,
               "The server is going down; nothing was done. Try again in a moment."},
    ReasonInfo{Reason::kStoreFull, "STORAGE_FULL", StatusCode::kResourceExhausted,
               "The data directory's disk or its size limit is reached; nothing was put. Consumers go on: let them drain, free "
               "disk space, or raise the limit."},
    ReasonInfo{
        Reason::kStoreFailed, "STORE_FAILED", StatusCode::kUnavailable,
        "The server's store failed before the call was known to be safe: it may have taken effect or not. The server ends; "
        "repeat the call, with the same request_id, once it is back."},
    ReasonInfo{Reason::kStoreDamaged, "STORE_DAMAGED", StatusCode::kDataLoss,
               "A file of the store is damaged; the message names it and says what is wrong. Restore a backup."},
    ReasonInfo{Reason::kStoreTooNew, "STORE_TOO_NEW", StatusCode::kFailedPrecondition,
               "At the start and by the offline tools only: a newer version of sluiced wrote the store. Start that version, or "
               "restore a backup that this one wrote."},
    ReasonInfo{
        Reason::kRecovering, "RECOVERING", StatusCode::kUnavailable,
        "The server has started and still reads its store; nothing was done. Try again in a moment; its health says when."},
    ReasonInfo{Reason::kNoStore, "NO_STORE", StatusCode::kFailedPrecondition,
               "The server keeps everything in memory only, so there is nothing to back up. Start it with --data DIR."},
    ReasonInfo{Reason::kBackupNoSpace, "BACKUP_NO_SPACE", StatusCode::kResourceExhausted,
               "The data directory's disk has no room for the copy that a backup is made from; the server goes on. Free disk "
               "space, or copy the directory while the server is stopped."},
    ReasonInfo{Reason::kCannotListen, "CANNOT_LISTEN", StatusCode::kUnavailable,
               "At the start only: the address to listen on is taken, not allowed, or not one of this machine."},
    ReasonInfo{Reason::kNoSuchPage, "NO_SUCH_PAGE", StatusCode::kNotFound,
               "Admin endpoint only: it has nothing at this path. docs/admin.md lists what there is."},
    ReasonInfo{Reason::kMethodNotAllowed, "METHOD_NOT_ALLOWED", StatusCode::kUnimplemented,
               "Admin endpoint only: the path takes other methods; the answer's Allow header names them."},
    ReasonInfo{Reason::kUnauthenticated, "UNAUTHENTICATED", StatusCode::kUnauthenticated,
               "Admin endpoint only: actions need the configured token. Send it as Authorization: Bearer TOKEN."},
    ReasonInfo{
        Reason::kForbidden, "FORBIDDEN", StatusCode::kPermissionDenied,
        "Admin endpoint only: actions are turned off, or the request comes from another site's page or asks for a host name "
        "that is not allowed; the message says which."},
    ReasonInfo{Reason::kInternal, "INTERNAL", StatusCode::kInternal, "A defect of the server. Please report it with its log."},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kReasons.size(); ++i) {
    if (static_cast<std::size_t>(kReasons[i].reason) != i) return false;
  }
  return true;
}
static_assert(in_order(), "info() looks a reason up by its number");
static_assert(kReasons.size() == static_cast<std::size_t>(Reason::kInternal) + 1);

}  // namespace

std::span<const ReasonInfo> all_reasons() { return kReasons; }

const ReasonInfo& info(Reason reason) { return kReasons.at(static_cast<std::size_t>(reason)); }

absl::Status error(Reason reason, std::string_view message) {
  absl::Status status(info(reason).code, absl::string_view(message.data(), message.size()));
  status.SetPayload(kReasonUrl, absl::Cord(std::to_string(static_cast<int>(reason))));
  return status;
}

std::optional<Reason> reason_of(const absl::Status& status) {
  const auto payload = status.GetPayload(kReasonUrl);
  if (!payload) return std::nullopt;
  const std::string text(*payload);
  std::size_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || number >= kReasons.size()) return std::nullopt;
  return static_cast<Reason>(number);
}

bool is(const absl::Status& status, Reason reason) { return reason_of(status) == reason; }

void annotate(absl::Status& status, std::string_view key, std::string_view value) {
  status.SetPayload(std::string(kAboutUrl).append(key), absl::Cord(absl::string_view(value.data(), value.size())));
}

std::map<std::string, std::string> annotations(const absl::Status& status) {
  std::map<std::string, std::string> found;
  status.ForEachPayload([&found](absl::string_view url, const absl::Cord& value) {
    const std::string_view text(url.data(), url.size());
    if (text.starts_with(kAboutUrl)) found.emplace(text.substr(kAboutUrl.size()), std::string(value));
  });
  return found;
}

}  // namespace sluice::base
