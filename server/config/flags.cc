#include "server/config/flags.h"

#include <memory>
#include <sstream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace sluice::config {
namespace {

constexpr const char* kDescription =
    "sluiced: named, bounded, closable queues and stage workers, served over gRPC.\n"
    "Without any flag it serves on loopback with defaults that work.\n";

constexpr const char* kFooter = R"(
A flag beats its environment variable, which beats the configuration file. Durations
are written 1.5s, 200ms, 2m, 1h.

Without --data everything is kept in the first of these: $STATE_DIRECTORY; /var/lib/sluice,
for root and for whoever may write there; $XDG_STATE_HOME/sluice; ~/.local/state/sluice.
One server at a time may use a directory.

SLUICE_ADMIN_TOKEN is what the actions of the admin endpoint need.

On standard output: "listening grpc HOST:PORT", "listening admin HOST:PORT", then
"ready". The log goes to standard error. SIGTERM or SIGINT drains and ends; a second one
ends at once.

Exit codes: 0  ended as asked, or the configuration is good (--check-config)
            1  could not start or go on, or could not do what was asked of the store;
               a bad configuration (--check-config)
            2  wrong usage or a bad configuration
            128 + signal number  ended at once by a second signal

Examples: sluiced
          sluiced --data none --listen 127.0.0.1:0
          sluiced --config photos.yaml --listen 0.0.0.0:7410
          sluiced --config photos.yaml --check-config
          sluiced --data /var/lib/sluice --inspect)";

constexpr std::size_t kHelpColumn = 36;

// CLI11 shows what a flag without a value means in braces behind its name; the description says it better.
class HelpFormatter final : public CLI::Formatter {
 public:
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    const std::string name = CLI::Formatter::make_option_name(option, is_positional);
    return name.substr(0, name.find('{'));
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    const std::string text = option->get_option_text();
    return text.starts_with('[') ? text : CLI::Formatter::make_option_opts(option);
  }
};

const char* group_of(const FlagInfo& info) {
  const std::string_view path = info.path;
  if (path.starts_with("log.") || path.starts_with("debug_")) return "Seeing what happens";
  return "Running";
}

void add_setting(CLI::App& app, const FlagInfo& info, Flags& flags) {
  const std::string help = fmt::format("{}\n[{}]", info.help, info.environment);
  app.add_option_function<std::string>(
         info.flag, [&flags, path = info.path](const std::string& value) { flags.settings[path] = value; }, help)
      ->type_name(info.value)
      ->group(group_of(info));
}

// What the flags of the store say, before it is known which of them were given.
struct StoreFlags {
  std::string inspect;
  bool compact = false;
  std::string backup;
  bool overwrite = false;
};

void add_store_flags(CLI::App& app, StoreFlags& store) {
  constexpr const char* kGroup = "Instead of serving, with --data DIR that no server uses";
  auto* inspect = app.add_flag("--inspect{text}", store.inspect, "List what is stored; --inspect=json for programs")
                      ->check(CLI::IsMember({"text", "json"}))
                      ->option_text("[=json]")
                      ->group(kGroup);
  auto* compact =
      app.add_flag("--compact", store.compact, "Write the store anew, without unused room")->group(kGroup)->excludes(inspect);
  auto* restore = app.add_option("--restore", store.backup, "Put the store of a backup into the directory")
                      ->type_name("FILE")
                      ->group(kGroup)
                      ->excludes(inspect)
                      ->excludes(compact);
  app.add_flag("--overwrite", store.overwrite, "With --restore: also over a store that holds something")
      ->group(kGroup)
      ->needs(restore);
}

std::optional<StoreTask> task_of(const StoreFlags& store) {
  using Kind = StoreTask::Kind;
  if (!store.inspect.empty()) return StoreTask{.kind = Kind::kInspect, .json = store.inspect == "json"};
  if (store.compact) return StoreTask{.kind = Kind::kCompact};
  if (!store.backup.empty()) return StoreTask{.kind = Kind::kRestore, .backup = store.backup, .overwrite = store.overwrite};
  return std::nullopt;
}

}  // namespace

std::variant<Flags, Answer> parse_flags(int argc, const char* const* argv) {
  Flags flags;
  CLI::App app(kDescription, "sluiced");
  app.formatter(std::make_shared<HelpFormatter>());
  app.get_formatter()->column_width(kHelpColumn);
  app.footer(kFooter);
  app.add_option("--config", flags.config, fmt::format("Read this YAML file, - for standard input\n[{}]", kConfigVariable))
      ->type_name("FILE")
      ->group("Configuration");
  app.add_flag("--check-config", flags.check_config, "Read the configuration, say what is wrong with it, and exit")
      ->group("Configuration");
  for (const FlagInfo& info : kFlags) {
    if (info.flag != nullptr) add_setting(app, info, flags);
  }
  StoreFlags store;
  add_store_flags(app, store);
  app.set_help_flag("-h,--help", "Show this")->group("Other");
  app.set_version_flag("--version", "sluiced " SLUICE_VERSION, "Show the version")->group("Other");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = app.exit(error, out, err);
    if (code == 0) return Answer{0, out.str(), {}};
    return Answer{2, {}, fmt::format("sluiced: {}\nTry: sluiced --help\n", error.what())};
  }
  flags.store_task = task_of(store);
  return flags;
}

}  // namespace sluice::config
