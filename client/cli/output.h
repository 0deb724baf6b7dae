// Standard output and standard error. Writing that fails (a full disk) is an error of the command, told once at the end.
#pragma once

#include <string_view>

#include <google/protobuf/message.h>

namespace sluice::cli {

// To standard output, as it is.
void print(std::string_view text);
// To standard output: a message as JSON with the names of the protos, over several lines. 64-bit numbers are strings, as
// protobuf's JSON has it; nothing is left out because it is zero.
void print_json(const google::protobuf::Message& message);
// The same on one line.
void print_json_line(const google::protobuf::Message& message);
// To standard error: "sluice: " and the text, on a line of its own.
void say(std::string_view text);

// True when everything printed has left this program.
[[nodiscard]] bool flush_output();

}  // namespace sluice::cli
