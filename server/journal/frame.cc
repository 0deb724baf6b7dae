#include "server/journal/frame.h"

#include <xxhash.h>

#include <cstring>

namespace sluice::journal {
namespace {

std::uint64_t checksum(Table table, std::string_view key, std::uint8_t version, std::string_view message) {
  // Table, version and key decide the seed, so that the (long) message need not be copied behind them.
  const std::uint64_t seed = XXH3_64bits_withSeed(key.data(), key.size(), static_cast<std::uint64_t>(table) << 8 | version);
  return XXH3_64bits_withSeed(message.data(), message.size(), seed);
}

}  // namespace

std::size_t framed_size(const google::protobuf::MessageLite& message) { return kFrameBytes + message.ByteSizeLong(); }

std::uint64_t write_frame(Table table, std::string_view key, const google::protobuf::MessageLite& message,
                          std::span<char> out) {
  auto* body = reinterpret_cast<std::uint8_t*>(out.data()) + kFrameBytes;
  message.SerializeWithCachedSizesToArray(body);
  const std::uint64_t sum = checksum(table, key, kSchemaVersion, {out.data() + kFrameBytes, out.size() - kFrameBytes});
  out[0] = static_cast<char>(kSchemaVersion);
  std::memcpy(out.data() + 1, &sum, sizeof sum);
  return sum;
}

std::uint64_t checksum_in(std::string_view value) {
  std::uint64_t sum = 0;
  if (value.size() >= kFrameBytes) std::memcpy(&sum, value.data() + 1, sizeof sum);
  return sum;
}

std::uint8_t version_in(std::string_view value) {
  return value.size() < kFrameBytes ? std::uint8_t{0} : static_cast<std::uint8_t>(value[0]);
}

std::optional<std::string_view> check_frame(Table table, std::string_view key, std::string_view value) {
  if (value.size() < kFrameBytes) return "it is too short to be a record";
  const std::uint8_t version = version_in(value);
  if (checksum(table, key, version, value.substr(kFrameBytes)) != checksum_in(value)) return "its checksum does not match";
  if (version > kSchemaVersion) return kWrittenByNewer;
  return std::nullopt;
}

std::optional<std::string_view> read_frame(Table table, std::string_view key, std::string_view value,
                                           google::protobuf::MessageLite& message) {
  if (const auto wrong = check_frame(table, key, value)) return wrong;
  const std::string_view body = value.substr(kFrameBytes);
  if (!message.ParseFromArray(body.data(), static_cast<int>(body.size()))) return "it does not parse";
  return std::nullopt;
}

}  // namespace sluice::journal
