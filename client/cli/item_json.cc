#include "client/cli/item_json.h"

#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

using Json = nlohmann::ordered_json;

template <class Item>
std::string to_json(const Item& item) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(item, &text, options).ok()) return "{}\n";
  Json json = Json::parse(text);
  const Json base64 = json["payload"];
  json["payload"] = item.payload();
  try {
    return json.dump() + '\n';
  } catch (const Json::type_error&) {
    // Only text can be dumped that is UTF-8.
    json.erase("payload");
    json["payload_base64"] = base64;
    return json.dump() + '\n';
  }
}

}  // namespace

std::string item_json(const v1::LeasedItem& item) { return to_json(item); }
std::string item_json(const v1::PeekedItem& item) { return to_json(item); }

}  // namespace sluice::cli
