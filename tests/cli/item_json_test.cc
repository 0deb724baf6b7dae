#include "client/cli/item_json.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace sluice::cli {
namespace {

using nlohmann::json;

TEST(ItemJson, ShowsTextAsText) {
  v1::LeasedItem item;
  item.set_item_id(7);
  item.set_lease_token(UINT64_MAX);
  item.set_payload("grüße\n\"x\"");
  (*item.mutable_attributes())["name"] = "a.png";
  const std::string line = item_json(item);
  EXPECT_EQ(line.find('\n'), line.size() - 1) << "one line";
  const json read = json::parse(line);
  EXPECT_EQ(read["item_id"], "7");
  EXPECT_EQ(read["lease_token"], "18446744073709551615");
  EXPECT_EQ(read["payload"], "grüße\n\"x\"");
  EXPECT_EQ(read["attributes"]["name"], "a.png");
  EXPECT_EQ(read["attempt"], 0);
}

TEST(ItemJson, ShowsOtherBytesInBase64) {
  v1::PeekedItem item;
  item.set_payload("\xff\x00x", 3);
  const json read = json::parse(item_json(item));
  EXPECT_FALSE(read.contains("payload"));
  EXPECT_EQ(read["payload_base64"], "/wB4");
}

TEST(ItemJson, AttributesStandInTheOrderOfTheirNames) {
  v1::LeasedItem item;
  std::string expected;
  for (char name = 'a'; name <= 'z'; ++name) {
    const char reversed = static_cast<char>('a' + 'z' - name);
    (*item.mutable_attributes())[std::string(1, reversed)] = "1";
    expected += std::string(expected.empty() ? "" : ",") + '"' + name + "\":\"1\"";
  }
  EXPECT_NE(item_json(item).find("\"attributes\":{" + expected + "}"), std::string::npos) << item_json(item);
}

TEST(ScheduleJson, ShowsThePayloadOfItsSpecInTheSameWay) {
  v1::Schedule schedule;
  schedule.mutable_spec()->set_name("nightly");
  schedule.mutable_spec()->set_payload("grüße");
  schedule.set_put(3);
  const std::string line = schedule_json(schedule, true);
  EXPECT_EQ(line.find('\n'), line.size() - 1) << "one line";
  EXPECT_EQ(json::parse(line)["spec"]["payload"], "grüße");
  EXPECT_EQ(json::parse(line)["put"], "3");
  EXPECT_GT(std::ranges::count(schedule_json(schedule, false), '\n'), 5);
  schedule.mutable_spec()->set_payload("\xff\x00x", 3);
  const json spec = json::parse(schedule_json(schedule, false))["spec"];
  EXPECT_FALSE(spec.contains("payload"));
  EXPECT_EQ(spec["payload_base64"], "/wB4");
}

}  // namespace
}  // namespace sluice::cli
