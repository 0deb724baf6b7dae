// The admin endpoint's part of the configuration.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/config/loading.h"

namespace sluice::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

TEST(Admin, HasDefaults) {
  const auto admin = settings("").admin;
  EXPECT_EQ(admin.listen, kDefaultAdmin);
  EXPECT_TRUE(admin.actions);
  EXPECT_EQ(admin.token, "");
  EXPECT_THAT(admin.allowed_hosts, IsEmpty());
}

TEST(Admin, IsReadFromTheFile) {
  const auto admin = settings("admin: {listen: '[::1]:0', actions: false, token: secret, allowed_hosts: [a.example, b]}").admin;
  EXPECT_EQ(admin.listen, "[::1]:0");
  EXPECT_FALSE(admin.actions);
  EXPECT_EQ(admin.token, "secret");
  EXPECT_THAT(admin.allowed_hosts, ElementsAre("a.example", "b"));
}

TEST(Admin, CanBeTurnedOff) {
  EXPECT_EQ(settings("admin: {listen: none}").admin.listen, "");
  EXPECT_EQ(load({.flags = {{"admin.listen", "none"}}}).settings.admin.listen, "");
}

TEST(Admin, TakesItsTokenFromTheEnvironmentOrAFile) {
  EXPECT_EQ(load({.environment = {{"SLUICE_ADMIN_TOKEN", "s3cret"}}}).settings.admin.token, "s3cret");
  const Directory directory;
  const std::string file = directory.path() / "token";
  std::ofstream(file) << "from-a-file\n";
  EXPECT_EQ(load({.environment = {{"SLUICE_ADMIN_TOKEN_FILE", file}}}).settings.admin.token, "from-a-file");
  EXPECT_EQ(load({.flags = {{"admin.token_file", file}}}).settings.admin.token, "from-a-file");
}

TEST(Admin, RefusesWhatIsNoToken) {
  EXPECT_THAT(complaints("admin: {token: 'two words'}"), HasSubstr("admin.token: a token is"));
  EXPECT_THAT(complaints("admin: {token: a, token_file: b}"), HasSubstr("leave one of them out"));
  EXPECT_THAT(complaints("admin: {token_file: /nonexistent/token}"), HasSubstr("cannot be read"));
  const Directory directory;
  for (const std::string& text : {std::string(), std::string(2'000, 'x'), std::string("a b")}) {
    const std::string file = directory.path() / "token";
    std::ofstream(file) << text;
    EXPECT_THAT(load({.flags = {{"admin.token_file", file}}}).complaints, HasSubstr("a token is"));
  }
}

TEST(Admin, RefusesWhatIsNoAddress) {
  EXPECT_THAT(complaints("admin: {listen: nowhere}"), StartsWith("f:1:"));
  EXPECT_THAT(load({.flags = {{"admin.listen", "7411"}}}).complaints, StartsWith("--admin: "));
  EXPECT_THAT(complaints("admin: {allowed_hosts: ['http://a.example']}"), HasSubstr("admin.allowed_hosts[0]: "));
}

TEST(Admin, WarnsWhenEverybodyCouldAct) {
  EXPECT_THAT(load({.flags = {{"admin.listen", "0.0.0.0:0"}}}).warnings, ElementsAre(HasSubstr("admin.token")));
  EXPECT_THAT(load({.file = "admin: {listen: '0.0.0.0:0', token: x}"}).warnings, IsEmpty());
  EXPECT_THAT(load({.file = "admin: {listen: '0.0.0.0:0', actions: false}"}).warnings, IsEmpty());
  EXPECT_THAT(load({.flags = {{"admin.listen", "[::1]:0"}}}).warnings, IsEmpty());
  EXPECT_THAT(load(Given{}).warnings, IsEmpty());
}

}  // namespace
}  // namespace sluice::config
