#include "tests/support/disk_log.h"

#include <algorithm>
#include <cstring>

namespace sluice::test {
namespace {

void apply(std::string& image, std::int64_t offset, const char* data, std::size_t size) {
  const auto begin = static_cast<std::size_t>(offset);
  if (image.size() < begin + size) image.resize(begin + size, '\0');
  std::memcpy(image.data() + begin, data, size);
}

void apply_torn(std::string& image, const DiskWrite& write, std::mt19937_64& chance) {
  constexpr std::size_t kSector = 512;
  for (std::size_t begin = 0; begin < write.bytes.size(); begin += kSector) {
    if (chance() % 2 == 0) continue;
    const std::size_t size = std::min(kSector, write.bytes.size() - begin);
    apply(image, write.offset + static_cast<std::int64_t>(begin), write.bytes.data() + begin, size);
  }
}

}  // namespace

std::string after_power_loss(std::string image, const std::vector<DiskEvent>& events, std::size_t count, Unsynced unsynced,
                             bool honour_syncs, std::mt19937_64& chance) {
  std::vector<const DiskWrite*> pending;
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto* write = std::get_if<DiskWrite>(&events[i])) {
      if (write->synced_at_once) {
        apply(image, write->offset, write->bytes.data(), write->bytes.size());
      } else {
        pending.push_back(write);
      }
    } else if (std::holds_alternative<DiskSync>(events[i]) && honour_syncs) {
      for (const DiskWrite* one : pending) apply(image, one->offset, one->bytes.data(), one->bytes.size());
      pending.clear();
    }
  }
  for (const DiskWrite* one : pending) {
    if (unsynced == Unsynced::kTorn) apply_torn(image, *one, chance);
    if (unsynced == Unsynced::kSome && chance() % 2 == 0) apply(image, one->offset, one->bytes.data(), one->bytes.size());
  }
  return image;
}

}  // namespace sluice::test
