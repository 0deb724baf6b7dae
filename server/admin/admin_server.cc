#include "server/admin/admin_server.h"

#include <utility>

#include "server/admin/actions.h"
#include "server/admin/events.h"
#include "server/admin/lists.h"
#include "server/admin/page.h"
#include "server/admin/problem.h"
#include "server/admin/router.h"

namespace sluice::admin {
namespace {

// Whoever looks after the process asks by whatever name it has, and learns nothing that others must not know.
bool is_probe(const Request& request) { return request.path == "/healthz" || request.path == "/readyz"; }

// What needs nothing but the program itself.
bool is_page(const Request& request) { return request.path == "/" || request.path.starts_with("/page/"); }

}  // namespace

class AdminServer::Parts {
 public:
  Parts(House&& house, const HttpLimits& limits)
      : house_(std::move(house)),
        http_(limits, [this](const Request& request, Reply reply) { answer(request, std::move(reply)); }) {
    add_page(router_);
    add_health(house_, router_);
    add_lists(house_, router_);
    add_actions(house_, router_);
    add_events(house_, router_);
  }

  HttpServer& http() { return http_; }

 private:
  void answer(const Request& request, Reply reply) {
    if (!is_probe(request)) {
      auto refusal = request.method == "GET" ? refuse_reading(request, house_.access) : refuse_acting(request, house_.access);
      if (refusal) return reply(*std::move(refusal));
      // Before the store is read there is nothing to look at.
      const auto ready = house_.ready();
      if (!is_page(request) && base::is(ready, base::Reason::kRecovering)) return reply(problem(ready));
    }
    router_.route(request, std::move(reply));
  }

  const House house_;
  Router router_;
  HttpServer http_;
};

AdminServer::AdminServer(House house, const HttpLimits& limits) : parts_(std::make_unique<Parts>(std::move(house), limits)) {}
AdminServer::~AdminServer() = default;
absl::StatusOr<int> AdminServer::start(const std::string& address) { return parts_->http().start(address); }
void AdminServer::stop() { parts_->http().stop(); }

}  // namespace sluice::admin
