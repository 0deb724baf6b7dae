#include "client/cli/moment.h"

#include <google/protobuf/util/time_util.h>

namespace sluice::cli {

std::optional<google::protobuf::Timestamp> parse_moment(const std::string& text) {
  google::protobuf::Timestamp moment;
  if (!google::protobuf::util::TimeUtil::FromString(text, &moment)) return std::nullopt;
  return moment;
}

}  // namespace sluice::cli
