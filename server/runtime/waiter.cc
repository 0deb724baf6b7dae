#include "server/runtime/waiter.h"

#include <boost/asio/post.hpp>

namespace sluice::runtime {

void Waiter::answer(engine::Answer&& answer) {
  if (glance_) glance_(answer);
  end(std::move(answer));
}

void Waiter::end(Ending ending) {
  boost::asio::post(executor_,
                    [resume = std::move(resume_), ending = std::move(ending)]() mutable { resume(std::move(ending)); });
}

}  // namespace sluice::runtime
