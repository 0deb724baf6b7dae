// Files that nobody writes in good faith.
#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>

#include "proto/yaml/read.h"
#include "sluice/v1/config.pb.h"

namespace sluice::yaml {
namespace {

using ::testing::HasSubstr;

template <class Message = v1::ServerConfig>
std::string complaints(std::string_view text) {
  Message message;
  return read(text, message, "f").text();
}

TEST(Hostile, NotYaml) {
  EXPECT_THAT(complaints("queues: [a\n"), HasSubstr("f:2:1: is not YAML: "));
  EXPECT_THAT(complaints("a: b: c\n"), HasSubstr("f:1:5: is not YAML: "));
  EXPECT_THAT(complaints("a: *nothing\n"), HasSubstr("f:1:4: is not YAML: "));
  EXPECT_THAT(complaints("\"\\ud800\": 1\n"), HasSubstr("is not YAML: "));
}

TEST(Hostile, TwoDocuments) {
  EXPECT_THAT(complaints("threads: 1\n---\nthreads: 2\n"), HasSubstr("f:2:1: a second document begins here"));
}

TEST(Hostile, NotUtf8) {
  EXPECT_THAT(complaints("threads: 1\nlisten: \xff\n"), HasSubstr("f:2:9: byte 0xff is not UTF-8"));
  for (const std::string bad :
       {"\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80", "\xf0\x9f\x98"}) {
    EXPECT_THAT(complaints("listen: " + bad), HasSubstr("is not UTF-8")) << testing::PrintToString(bad);
  }
  v1::ServerConfig config;
  EXPECT_TRUE(read("listen: \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", config).ok());
}

TEST(Hostile, ControlCharacters) {
  EXPECT_THAT(complaints("listen: a\x04 b\n"), HasSubstr("f:1:10: control character 0x04"));
  EXPECT_THAT(complaints(std::string("listen: a\0b\n", 12)), HasSubstr("f:1:10: control character 0x00"));
  v1::ServerConfig config;
  EXPECT_TRUE(read("listen: \"a\\x04b\"\r\nthreads: 3\r\n", config).ok());
  EXPECT_EQ(config.listen(),
            "a\x04"
            "b");
}

TEST(Hostile, TooLarge) {
  std::string text = "listen: a\n#";
  text.resize(kMaxBytes, 'x');
  v1::ServerConfig config;
  EXPECT_TRUE(read(text, config).ok());
  EXPECT_THAT(complaints(text + "x"), HasSubstr("f: has more than 4194304 bytes"));
}

TEST(Hostile, TooManyNodes) {
  std::string text = "queues: [";
  for (std::size_t i = 0; i <= kMaxNodes; ++i) text += "a,";
  EXPECT_THAT(complaints(text + "]"), HasSubstr("more than 500000 keys and values"));
}

TEST(Hostile, TooDeep) {
  EXPECT_THAT(complaints(std::string(51, '[') + std::string(51, ']')), HasSubstr("f:1:51: more than 50 mappings and lists"));
  EXPECT_THAT(complaints(std::string(1'000'000, '[')), HasSubstr("more than 50 mappings and lists"));
  EXPECT_THAT(complaints(std::string(100'000, '{')), HasSubstr("more than 50 mappings and lists"));
}

// Each level is twice the one before: 2^40 in the end, if aliases were written out.
TEST(Hostile, AliasesThatMultiply) {
  std::string text = "struct_value:\n  fields:\n    a0: &a0 {list_value: {values: [{bool_value: true}, {bool_value: true}]}}\n";
  for (int i = 1; i < 13; ++i) {
    const std::string one_before = "*a" + std::to_string(i - 1);
    text += "    a" + std::to_string(i) + ": &a" + std::to_string(i) + " {list_value: {values: [";
    for (int copy = 0; copy < 8; ++copy) text += (copy == 0 ? "" : ", ") + one_before;
    text += "]}}\n";
  }
  EXPECT_THAT(complaints<google::protobuf::Value>(text), HasSubstr("aliases stand for more than 500000 keys and values"));
}

TEST(Hostile, AliasesThatNest) {
  std::string text = "fields:\n  a0: &a0 {bool_value: true}\n";
  for (int i = 1; i < 100; ++i) {
    text +=
        "  a" + std::to_string(i) + ": &a" + std::to_string(i) + " {list_value: {values: [*a" + std::to_string(i - 1) + "]}}\n";
  }
  EXPECT_THAT(complaints<google::protobuf::Struct>(text), HasSubstr("more than 50 mappings and lists"));
}

TEST(Hostile, AliasesOfThemselves) {
  EXPECT_THAT(complaints("queues: &q [*q]\n"), HasSubstr("f:1:13: this alias stands inside of what it names"));
}

TEST(Hostile, MoreMistakesThanAnybodyReads) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "key" + std::to_string(i) + ": 1\n";
  v1::ServerConfig config;
  const auto reading = read(text, config, "f");
  EXPECT_EQ(reading.complaints().size(), kMaxComplaints);
  EXPECT_THAT(reading.text(), HasSubstr("f: and 980 more\n"));
}

}  // namespace
}  // namespace sluice::yaml
