#include "server/admin/events.h"

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "server/admin/json.h"
#include "server/admin/messages.h"
#include "server/admin/problem.h"

namespace sluice::admin {
namespace {

using base::Reason;

// What all streams share: how many there are, and what was last looked at, so that many streams look no more often than one.
class Hub {
 public:
  using Texts = std::map<std::string, std::string>;  // JSON by name
  struct Seen {
    base::Time time{};
    Texts queues;
    Texts pipelines;
  };

  explicit Hub(const House& house) : house_(house) {}

  [[nodiscard]] bool enter() {
    if (++streams_ <= limits::kMaxAdminStreams) return true;
    --streams_;
    return false;
  }
  // On whichever thread drops the stream.
  void leave() { --streams_; }

  // At most half of an interval old. On the server's thread.
  std::shared_ptr<const Seen> look() {
    const base::Time now = house_.clock.now();
    if (seen_ && now - seen_->time < limits::kEventInterval / 2) return seen_;
    auto fresh = std::make_shared<Seen>();
    fresh->time = now;
    for (const auto& queue : see_queues(house_.runtime)) fresh->queues.emplace(queue.name, text_of(message_of(queue)));
    for (const auto& pipeline : see_pipelines(house_.runtime)) {
      auto message = message_of(pipeline);
      // Its queues are told already; their names are enough, in the order of the flow.
      Json names = Json::array();
      for (const auto& queue : message.queues()) names.push_back(queue.name());
      message.clear_queues();
      Json json = json_of(message);
      json["queues"] = std::move(names);
      fresh->pipelines.emplace(pipeline.view.name, trimmed(dump(json)));
    }
    seen_ = std::move(fresh);
    return seen_;
  }

 private:
  static std::string trimmed(std::string text) {
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }
  static std::string text_of(const google::protobuf::Message& message) { return trimmed(dump(json_of(message))); }

  const House& house_;
  std::atomic<std::size_t> streams_ = 0;
  std::shared_ptr<const Seen> seen_;
};

// The difference of two sets of texts, as members of an object: "queues":[...],"queues_gone":[...].
void append_difference(std::string_view key, const Hub::Texts& before, const Hub::Texts& now, std::string& out) {
  std::string changed;
  std::string gone;
  for (const auto& [name, text] : now) {
    const auto found = before.find(name);
    if (found != before.end() && found->second == text) continue;
    changed += (changed.empty() ? "" : ",") + text;
  }
  // Names are checked when they are given: nothing in them needs escaping.
  for (const auto& [name, text] : before) {
    if (!now.contains(name)) gone += fmt::format("{}\"{}\"", gone.empty() ? "" : ",", name);
  }
  if (!changed.empty()) out += fmt::format(R"(,"{}":[{}])", key, changed);
  if (!gone.empty()) out += fmt::format(R"(,"{}_gone":[{}])", key, gone);
}

class Stream final : public EventSource {
 public:
  explicit Stream(std::shared_ptr<Hub> hub) : hub_(std::move(hub)) {}
  ~Stream() override { hub_->leave(); }

  std::string next() override {
    auto seen = hub_->look();
    if (seen == last_) return {};
    const auto before = std::exchange(last_, std::move(seen));
    std::string members;
    if (!before) {
      append_difference("queues", {}, last_->queues, members);
      append_difference("pipelines", {}, last_->pipelines, members);
      return event("snapshot", members);
    }
    append_difference("queues", before->queues, last_->queues, members);
    append_difference("pipelines", before->pipelines, last_->pipelines, members);
    return members.empty() ? std::string() : event("change", members);
  }

 private:
  [[nodiscard]] std::string event(std::string_view kind, const std::string& members) const {
    const auto us = last_->time.time_since_epoch().count();
    return fmt::format("event: {}\ndata: {{\"time\":\"{}\"{}}}\n\n", kind,
                       time_text(us / 1'000'000, static_cast<std::int32_t>(us % 1'000'000) * 1'000), members);
  }

  const std::shared_ptr<Hub> hub_;
  std::shared_ptr<const Hub::Seen> last_;
};

}  // namespace

void add_events(const House& house, Router& router) {
  router.add("GET", "/api/v1/events", [hub = std::make_shared<Hub>(house)](const Match&) {
    if (!hub->enter()) {
      return problem(429, Reason::kLimitReached,
                     fmt::format("{} streams of events are open, the most that the server allows", limits::kMaxAdminStreams));
    }
    Response response;
    response.content_type = "text/event-stream";
    // How long a browser waits before it comes back.
    response.body = "retry: 1000\n\n";
    response.events = std::make_unique<Stream>(hub);
    return response;
  });
}

}  // namespace sluice::admin
