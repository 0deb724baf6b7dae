#include "client/cli/item_json.h"

#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) return Json::object();
  return Json::parse(text);
}

// A message's map has no order of its own, and the same item should be the same line each time.
void sort_attributes(Json& holder) {
  const auto attributes = holder.find("attributes");
  if (attributes != holder.end()) *attributes = Json(nlohmann::json(*attributes));
}

// Of all of `json`; the payload stands in `holder`, a part of it. Without an indentation on one line.
std::string text_of(const Json& json, Json& holder, const std::string& payload, int indentation) {
  sort_attributes(holder);
  const Json base64 = holder["payload"];
  holder["payload"] = payload;
  try {
    return json.dump(indentation) + '\n';
  } catch (const Json::type_error&) {
    // Only text can be dumped that is UTF-8.
    holder.erase("payload");
    holder["payload_base64"] = base64;
    return json.dump(indentation) + '\n';
  }
}

template <class Item>
std::string to_json(const Item& item) {
  Json json = json_of(item);
  return text_of(json, json, item.payload(), -1);
}

}  // namespace

std::string item_json(const v1::LeasedItem& item) { return to_json(item); }
std::string item_json(const v1::PeekedItem& item) { return to_json(item); }

std::string schedule_json(const v1::Schedule& schedule, bool one_line) {
  Json json = json_of(schedule);
  return text_of(json, json["spec"], schedule.spec().payload(), one_line ? -1 : 1);
}

}  // namespace sluice::cli
