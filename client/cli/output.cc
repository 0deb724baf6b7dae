#include "client/cli/output.h"

#include <cstdio>
#include <string>

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include "client/src/raise.h"

namespace sluice::cli {
namespace {

std::string json(const google::protobuf::Message& message, bool lines) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = lines;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!status.ok()) internal::raise(Code::kInternal, "INTERNAL", "an answer of the server cannot be written as JSON");
  while (text.ends_with('\n')) text.pop_back();
  return text + '\n';
}

}  // namespace

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }
void print_json(const google::protobuf::Message& message) { print(json(message, true)); }
void print_json_line(const google::protobuf::Message& message) { print(json(message, false)); }

void say(std::string_view text) { fmt::print(stderr, "sluice: {}\n", text); }

bool flush_output() { return std::fflush(stdout) == 0 && std::ferror(stdout) == 0; }

}  // namespace sluice::cli
