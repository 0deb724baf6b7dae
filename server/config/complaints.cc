#include "server/config/complaints.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "server/base/errors.h"

namespace sluice::config {

Complaints::Complaints(yaml::Reading file) : file_(std::move(file)) {
  for (const auto& complaint : file_.complaints()) unread_.push_back(complaint.path);
}

bool Complaints::is_half_read(const std::string& path) const {
  const auto dot = path.rfind('.');
  const std::string around = dot == std::string::npos ? path : path.substr(0, dot);
  return std::ranges::any_of(unread_, [&](const std::string& unread) {
    return unread.starts_with(around) &&
           (unread.size() == around.size() || unread[around.size()] == '.' || unread[around.size()] == '[');
  });
}

void Complaints::add(const std::string& path, std::string message) {
  if (const auto source = sources_.find(path); source != sources_.end()) {
    outside_ += fmt::format("{}: {}\n", source->second, message);
  } else if (!is_half_read(path)) {
    file_.complain(path, std::move(message));
  }
}

void Complaints::add(const absl::Status& status, const std::string& path) {
  if (status.ok()) return;
  const auto annotations = base::annotations(status);
  const auto field = annotations.find("field");
  const std::string& where = field == annotations.end() ? path : field->second;
  std::string message(status.message());
  if (message.starts_with(where + ": ")) message.erase(0, where.size() + 2);
  add(where, std::move(message));
}

}  // namespace sluice::config
