// docs/configuration.md: its example is good, and shows everything that there is.
#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <gtest/gtest.h>

#include "proto/yaml/read.h"
#include "server/config/flags.h"
#include "sluice/v1/config.pb.h"
#include "tests/config/loading.h"

namespace sluice::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

std::string document() {
  std::ifstream file(CONFIGURATION_DOC);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string example() {
  const std::string text = document();
  const std::string begin = "```yaml\n";
  const auto from = text.find(begin);
  if (from == std::string::npos) return {};
  return text.substr(from + begin.size(), text.find("```", from + begin.size()) - from - begin.size());
}

// The fields that stand somewhere in `message`, by their full names.
void collect_present(const Message& message, std::set<std::string>& present) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    present.insert(field->full_name());
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const auto& reflection = *message.GetReflection();
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      collect_present(
          field->is_repeated() ? reflection.GetRepeatedMessage(message, field, i) : reflection.GetMessage(message, field),
          present);
    }
  }
}

// All fields that can stand in a message of `type`.
void collect_all(const Descriptor& type, std::set<std::string>& all) {
  if (&type == google::protobuf::Duration::descriptor()) return;
  for (int i = 0; i < type.field_count(); ++i) {
    const auto& field = *type.field(i);
    if (!all.insert(field.full_name()).second) continue;
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) collect_all(*field.message_type(), all);
  }
}

TEST(ConfigurationDoc, HasAnExampleWithoutMistakes) {
  ASSERT_NE(example(), "");
  EXPECT_EQ(complaints(example()), "");
}

TEST(ConfigurationDoc, ShowsEveryKey) {
  v1::ServerConfig config;
  ASSERT_TRUE(yaml::read(example(), config).ok());
  std::set<std::string> present;
  std::set<std::string> all;
  collect_present(config, present);
  collect_all(*v1::ServerConfig::descriptor(), all);
  // 0 is its only sensible value, and the same to a message as absence.
  EXPECT_THAT(example(), testing::HasSubstr("core_bytes: 0"));
  all.erase("sluice.v1.ResourceLimits.core_bytes");
  // Either this or the token itself.
  EXPECT_THAT(example(), testing::HasSubstr("# token_file: "));
  all.erase("sluice.v1.AdminConfig.token_file");
  for (const auto& name : all) {
    const bool of_a_map = name.find("Entry.") != std::string::npos;
    EXPECT_TRUE(of_a_map || present.contains(name)) << name;
  }
}

TEST(ConfigurationDoc, ListsEveryFlag) {
  const std::string text = document();
  for (const FlagInfo& info : kFlags) {
    if (info.flag != nullptr) {
      EXPECT_THAT(text, testing::HasSubstr(info.flag));
    }
    EXPECT_THAT(text, testing::HasSubstr(info.environment));
    EXPECT_THAT(text, testing::HasSubstr(info.path));
  }
  EXPECT_THAT(text, testing::HasSubstr(kConfigVariable));
}

}  // namespace
}  // namespace sluice::config
