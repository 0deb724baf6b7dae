// An executor that times what runs on it as reactions: whatever a stage does on the runtime's threads stands under a
// base::ReactionTimer, so that a handler that holds a thread is found.
#pragma once

#include <type_traits>
#include <utility>

#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include "server/base/reaction.h"

namespace sluice::runtime {

// As `Inner` in every other respect. Thread-safe if that is.
template <class Inner>
class TimedExecutor {
 public:
  explicit TimedExecutor(Inner inner) noexcept : inner_(std::move(inner)) {}

  template <class Function>
  void execute(Function&& function) const {
    inner_.execute([function = std::forward<Function>(function)]() mutable {
      const base::ReactionTimer timer("stage");
      std::move(function)();
    });
  }

  template <class Property>
  requires boost::asio::can_query<const Inner&, Property>::value auto query(const Property& property) const
      noexcept(boost::asio::is_nothrow_query<const Inner&, Property>::value)
          -> std::remove_const_t<typename boost::asio::query_result<const Inner&, Property>::type> {
    return boost::asio::query(inner_, property);
  }

  template <class Property>
  requires boost::asio::can_require<const Inner&, Property>::value auto require(const Property& property) const {
    return timed(boost::asio::require(inner_, property));
  }

  template <class Property>
  requires boost::asio::can_prefer<const Inner&, Property>::value auto prefer(const Property& property) const {
    return timed(boost::asio::prefer(inner_, property));
  }

  bool operator==(const TimedExecutor& other) const noexcept { return inner_ == other.inner_; }

 private:
  template <class Other>
  TimedExecutor<std::decay_t<Other>> timed(Other&& other) const {
    return TimedExecutor<std::decay_t<Other>>(std::forward<Other>(other));
  }

  // Nothing more: a strand of it must fit into what any_io_executor holds without allocating.
  Inner inner_;
};

}  // namespace sluice::runtime
