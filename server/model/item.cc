#include "server/model/item.h"

namespace sluice::model {

std::size_t Body::bytes() const {
  std::size_t sum = payload.size();
  for (const auto& [key, value] : attributes) sum += key.size() + value.size();
  return sum;
}

}  // namespace sluice::model
