#include "proto/yaml/read.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "sluice/v1/config.pb.h"

namespace sluice::yaml {
namespace {

// What is said about `text` as a `Message`.
template <class Message = v1::ServerConfig>
std::string complaints(std::string_view text) {
  Message message;
  return read(text, message, "f").text();
}

template <class Message = v1::ServerConfig>
Message parsed(std::string_view text) {
  Message message;
  const auto reading = read(text, message, "f");
  EXPECT_TRUE(reading.ok()) << reading.text();
  return message;
}

TEST(Read, FillsAWholeMessage) {
  const auto config = parsed(R"(
# a comment
listen: 0.0.0.0:7410
drain_timeout: 1m30s
threads: 4
handlers:
  resize:
    description: 5
    subprocess:
      commands:
        - argv: [convert, "-", -resize, 50%, "-"]
        - shell: |
            wc -c
      env: {A: 1, B: yes}
      do_not_retry_exit_codes: [2, 3]
      limits: {address_space_bytes: 8589934592}
queues:
  - name: 7
    settings: {capacity: 10, order: priority, retry: {multiplier: 1.5, max_attempts: 0}}
  - name: b
    settings: {order: QUEUE_ORDER_LIFO}
)");
  EXPECT_EQ(config.listen(), "0.0.0.0:7410");
  EXPECT_EQ(config.drain_timeout().seconds(), 90);
  EXPECT_EQ(config.threads(), 4U);
  const auto& handler = config.handlers().at("resize");
  EXPECT_EQ(handler.description(), "5");
  EXPECT_THAT(handler.subprocess().commands(0).argv(), testing::ElementsAre("convert", "-", "-resize", "50%", "-"));
  EXPECT_EQ(handler.subprocess().commands(1).shell(), "wc -c\n");
  EXPECT_EQ(handler.subprocess().env().at("A"), "1");
  EXPECT_EQ(handler.subprocess().env().at("B"), "yes");
  EXPECT_THAT(handler.subprocess().do_not_retry_exit_codes(), testing::ElementsAre(2, 3));
  EXPECT_EQ(handler.subprocess().limits().address_space_bytes(), 8589934592U);
  EXPECT_EQ(config.queues(0).name(), "7");
  EXPECT_EQ(config.queues(0).settings().order(), v1::QUEUE_ORDER_PRIORITY);
  EXPECT_EQ(config.queues(0).settings().retry().multiplier(), 1.5);
  EXPECT_TRUE(config.queues(0).settings().retry().has_max_attempts());
  EXPECT_FALSE(config.queues(0).settings().retry().has_jitter());
  EXPECT_EQ(config.queues(1).settings().order(), v1::QUEUE_ORDER_LIFO);
}

TEST(Read, TakesNothingForNothing) {
  for (const auto* text : {"", "\n", "# only a comment\n", "---\n", "---\n...\n", "{}", "queues:\n", "log: ~\n"}) {
    EXPECT_EQ(parsed(text).ByteSizeLong(), parsed("").ByteSizeLong()) << text;
  }
}

TEST(Read, ReadsEveryScalarType) {
  EXPECT_EQ(parsed<google::protobuf::Int64Value>("value: -9223372036854775808").value(), INT64_MIN);
  EXPECT_EQ(parsed<google::protobuf::Int32Value>("value: -1").value(), -1);
  EXPECT_EQ(parsed<google::protobuf::FloatValue>("value: 2.5").value(), 2.5F);
  EXPECT_EQ(parsed<google::protobuf::DoubleValue>("value: 1e3").value(), 1000.0);
  EXPECT_TRUE(parsed<google::protobuf::BoolValue>("value: true").value());
  EXPECT_EQ(parsed<google::protobuf::BytesValue>(R"(value: "\u00e9")").value(), "\xc3\xa9");
}

TEST(Read, FollowsAliases) {
  const auto config = parsed("queues:\n  - name: a\n    settings: &s {capacity: 3}\n  - {name: b, settings: *s}\n");
  EXPECT_EQ(config.queues(1).settings().capacity(), 3U);
}

TEST(Complaint, NamesUnknownKeys) {
  EXPECT_EQ(complaints("queues:\n  - nam: a\n"), "f:2:5: queues[0].nam: unknown key; did you mean \"name\"?\n");
  EXPECT_EQ(complaints("log:\n  colour: red\n"), "f:2:3: log.colour: unknown key; known are \"level\" and \"format\"\n");
  EXPECT_EQ(complaints("<<: {}\n"), "f:1:1: <<: unknown key; merge keys are not supported, so write the values out\n");
}

TEST(Complaint, NamesWrongTypes) {
  EXPECT_EQ(complaints("threads: many\n"), "f:1:10: threads: \"many\" is not a whole number; write it in digits, as in 100\n");
  EXPECT_EQ(complaints("threads: 1.5\n"), "f:1:10: threads: \"1.5\" is not a whole number; write it in digits, as in 100\n");
  EXPECT_EQ(complaints("threads: [1]\n"), "f:1:10: threads: is a list, but needs a single value\n");
  EXPECT_EQ(complaints("queues: a\n"),
            "f:1:9: queues: is a single value, but needs a list: entries that begin with \"- \", or [a, b]\n");
  EXPECT_EQ(complaints("log: info\n"), "f:1:6: log: is a single value, but needs keys with values, as in \"key: value\"\n");
  EXPECT_EQ(complaints("- a\n"), "f:1:1: is a list, but needs keys with values, as in \"key: value\"\n");
  EXPECT_EQ(complaints("listen:\n"),
            "f:1:1: listen: has no value; write one, or remove the key (the text \"null\" goes in quotation marks)\n");
  EXPECT_EQ(complaints("queues:\n  -\n"), "f:2:3: queues[0]: is empty; write a value behind the dash, or remove it\n");
  EXPECT_EQ(complaints("? [a]\n: b\n"), "f:1:3: a list cannot be a key; write text in front of the colon\n");
}

TEST(Complaint, NamesWrongValues) {
  EXPECT_EQ(complaints("threads: -1\n"), "f:1:10: threads: -1 is out of range; 0 to 4294967295 is allowed\n");
  EXPECT_EQ(complaints("threads: 4294967296\n"), "f:1:10: threads: 4294967296 is out of range; 0 to 4294967295 is allowed\n");
  EXPECT_EQ(complaints("drain_timeout: 5\n"), "f:1:16: drain_timeout: 5 has no unit; write \"5s\" if seconds are meant\n");
  EXPECT_EQ(complaints("drain_timeout: -5s\n"), "f:1:16: drain_timeout: \"-5s\" is negative; a duration is not\n");
  EXPECT_EQ(complaints("drain_timeout: soon\n"),
            "f:1:16: drain_timeout: \"soon\" is not a duration; write it as in \"1.5s\", \"200ms\", \"2m\" or \"1h\"\n");
  EXPECT_EQ(complaints<v1::QueueSettings>("order: prio\n"),
            "f:1:8: order: \"prio\" is unknown; known are \"fifo\", \"lifo\" and \"priority\"\n");
  EXPECT_EQ(complaints<v1::RetryPolicy>("jitter: nan\n"), "f:1:9: jitter: \"nan\" is not a number; write it as in 0.5\n");
  EXPECT_EQ(complaints<v1::RetryPolicy>("jitter: 1e999\n"), "f:1:9: jitter: 1e999 is out of range\n");
  EXPECT_EQ(complaints<google::protobuf::BoolValue>("value: yes\n"),
            "f:1:8: value: \"yes\" is neither true nor false; write one of these\n");
}

TEST(Complaint, NamesWhatIsGivenTwice) {
  EXPECT_EQ(complaints("threads: 1\nlisten: a\nthreads: 2\n"), "f:3:1: threads: is given twice, first in line 1; remove one\n");
  EXPECT_EQ(complaints("handlers:\n  a: {}\n  a: {}\n"), "f:3:3: handlers.a: is given twice, first in line 2; remove one\n");
  EXPECT_EQ(complaints<google::protobuf::Value>("bool_value: true\nnumber_value: 5\n"),
            "f:2:1: number_value: \"bool_value\" is given already; only one of the two can be\n");
}

TEST(Complaint, ComesWithAllOthersInTheOrderOfTheText) {
  EXPECT_EQ(complaints("bad: 1\nthreads: x\nlog: {level: [], more: 1}\n"),
            "f:1:1: bad: unknown key; known are \"listen\", \"log\", \"drain_timeout\", \"threads\", \"handlers\", \"queues\", "
            "\"pipelines\", \"data\", \"data_max_bytes\", \"admin\", \"payload_memory_bytes\", \"keepalive\" and others\n"
            "f:2:10: threads: \"x\" is not a whole number; write it in digits, as in 100\n"
            "f:3:14: log.level: is a list, but needs a single value\n"
            "f:3:18: log.more: unknown key; known are \"level\" and \"format\"\n");
}

TEST(Reading, KnowsThePlaceOfEveryField) {
  v1::ServerConfig config;
  auto reading = read("queues:\n  - name: a\n    settings:\n      capacity: 3\nhandlers:\n  x.y: {}\n", config, "f");
  EXPECT_EQ(reading.place_of("queues[0].name"), (Place{2, 11}));
  EXPECT_EQ(reading.place_of("queues[0]"), (Place{2, 5}));
  EXPECT_EQ(reading.place_of("queues[0].settings.capacity"), (Place{4, 17}));
  EXPECT_EQ(reading.place_of("handlers.x.y"), (Place{6, 3}));
  // Not in the text: what is around it.
  EXPECT_EQ(reading.place_of("queues[0].settings.order"), (Place{3, 5}));
  EXPECT_EQ(reading.place_of("handlers.x.y.subprocess.commands[3].argv"), (Place{6, 3}));
  EXPECT_EQ(reading.place_of("queues[7].name"), (Place{2, 3}));
  EXPECT_EQ(reading.place_of("listen"), (Place{0, 0}));
}

TEST(Reading, JoinsComplaintsOfOthers) {
  v1::ServerConfig config;
  auto reading = read("threads: 900\nlisten: nowhere\n", config, "f");
  reading.complain("listen", "is no address");
  reading.complain("threads", "is too many");
  reading.complain("log.level", "is missing");
  EXPECT_FALSE(reading.ok());
  EXPECT_EQ(reading.text(), "f: log.level: is missing\nf:1:10: threads: is too many\nf:2:9: listen: is no address\n");
}

TEST(ReadFile, ReadsFromTheDisk) {
  const std::string path = testing::TempDir() + "/yaml_read_test." + std::to_string(::getpid());
  std::ofstream(path) << "threads: x\n";
  v1::ServerConfig config;
  EXPECT_EQ(read_file(path, config).text(),
            path + ":1:10: threads: \"x\" is not a whole number; write it in digits, as in 100\n");
  std::remove(path.c_str());
  EXPECT_EQ(read_file(path, config).text(), path + ": cannot be read: No such file or directory\n");
  EXPECT_EQ(read_file("/", config).text(), "/: cannot be read: Is a directory\n");
}

}  // namespace
}  // namespace sluice::yaml
