#include <string>

#include <fmt/format.h>

#include "client/cli/commands.h"
#include "client/cli/exit_codes.h"
#include "client/cli/output.h"
#include "client/cli/table.h"
#include "client/cli/text.h"

namespace sluice::cli {
namespace {

v1::LimitSpec spec_of(const LimitArguments& arguments) {
  v1::LimitSpec spec;
  spec.set_name(arguments.name);
  if (arguments.at_once) spec.set_max_at_once(*arguments.at_once);
  if (arguments.rate) spec.set_per_second(*arguments.rate);
  if (arguments.burst) spec.set_burst(*arguments.burst);
  return spec;
}

std::string rate_text(const v1::LimitSpec& spec) {
  if (spec.per_second() == 0.0) return "-";
  const std::string rate = fmt::format("{:g}/s", spec.per_second());
  return spec.burst() == 1 ? rate : fmt::format("{}, burst {}", rate, count_text(spec.burst()));
}

std::string at_once_text(const v1::LimitSpec& spec) { return spec.max_at_once() == 0 ? "-" : count_text(spec.max_at_once()); }

std::string names_text(const google::protobuf::RepeatedPtrField<v1::StageName>& names) {
  std::string text;
  for (const v1::StageName& name : names)
    text += fmt::format("{}{}/{}", text.empty() ? "" : ", ", name.pipeline(), name.stage());
  return text.empty() ? "-" : text;
}

int tell(const Session& session, const v1::Limit& limit) {
  if (session.json()) {
    print_json(limit);
    return kOk;
  }
  print(fmt::format("limit {}: {} at once, {}; {} in use\nstages: {}\nwaiting: {}\n", limit.spec().name(),
                    at_once_text(limit.spec()), rate_text(limit.spec()), count_text(limit.in_use()), names_text(limit.stages()),
                    names_text(limit.waiting())));
  return kOk;
}

}  // namespace

int limit_create(Session& session, const LimitArguments& arguments) {
  v1::CreateLimitRequest request;
  *request.mutable_limit() = spec_of(arguments);
  return tell(session, session.call(request).limit());
}

int limit_update(Session& session, const LimitArguments& arguments) {
  v1::UpdateLimitRequest request;
  *request.mutable_limit() = spec_of(arguments);
  return tell(session, session.call(request).limit());
}

int limit_list(Session& session) {
  Table table({"LIMIT", ">AT ONCE", "RATE", ">IN USE", ">STAGES", "WAITING"});
  v1::ListLimitsRequest request;
  do {
    const auto response = session.call(request);
    for (const v1::Limit& limit : response.limits()) {
      if (session.json()) print_json_line(limit);
      table.add({limit.spec().name(), at_once_text(limit.spec()), rate_text(limit.spec()), count_text(limit.in_use()),
                 count_text(static_cast<std::uint64_t>(limit.stages_size())), names_text(limit.waiting())});
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  if (!session.json()) print(table.text());
  return kOk;
}

int limit_show(Session& session, const NameArguments& arguments) {
  v1::GetLimitRequest request;
  request.set_limit(arguments.name);
  return tell(session, session.call(request).limit());
}

int limit_remove(Session& session, const NameArguments& arguments) {
  v1::DeleteLimitRequest request;
  request.set_limit(arguments.name);
  const auto response = session.call(request);
  if (session.json()) {
    print_json(response);
  } else {
    print(fmt::format("limit \"{}\" is deleted\n", arguments.name));
  }
  return kOk;
}

}  // namespace sluice::cli
