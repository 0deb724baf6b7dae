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

std::optional<std::string_view> read_frame(Table table, std::string_view key, std::string_view value,
                                           google::protobuf::MessageLite& message) {
  if (value.size() < kFrameBytes) return "it is too short to be a record";
  const auto version = static_cast<std::uint8_t>(value[0]);
  const std::string_view body = value.substr(kFrameBytes);
  if (checksum(table, key, version, body) != checksum_in(value)) return "its checksum does not match";
  if (version > kSchemaVersion) return "a newer version of sluiced wrote it";
  if (!message.ParseFromArray(body.data(), static_cast<int>(body.size()))) return "it does not parse";
  return std::nullopt;
}

}  // namespace sluice::journal
