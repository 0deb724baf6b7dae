// Items, both ways.
#pragma once

#include <cstdint>

#include "server/engine/views.h"
#include "server/model/item.h"
#include "server/wire/reader.h"
#include "sluice/v1/queue.pb.h"

namespace sluice::wire {

// Takes payload and attributes out of `item`; the payload is moved, not copied.
// PAYLOAD_TOO_LARGE, ATTRIBUTES_TOO_LARGE, INVALID_UTF8, INVALID_VALUE (delay, empty and reserved keys).
[[nodiscard]] model::NewItem read_new_item(Reader& reader, const Field& at, v1::NewItem& item);

// The payload is copied: its body stays shared with the queue. Attributes are made UTF-8, whatever a handler gave them.
void fill(const model::Delivery& delivery, v1::LeasedItem& item);
// With at most so many bytes of the payload.
void fill(const engine::PeekedItem& peeked, std::uint32_t max_payload_bytes, v1::PeekedItem& item);

}  // namespace sluice::wire
