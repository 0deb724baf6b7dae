// PostgreSQL with a table for a queue, as most of its job libraries do: rows that are selected FOR UPDATE SKIP LOCKED and
// deleted in the same transaction, whose commit is the acknowledgement.
#include <arpa/inet.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include <fmt/format.h>

#include "tests/bench/peers/socket_peer.h"

namespace sluice::bench {
namespace {

constexpr std::uint64_t kRowsAtOnce = 100;
constexpr std::uint64_t kInsertsUnderWay = 10;
constexpr std::chrono::seconds kPatience{30};
constexpr std::string_view kBegin = "BEGIN; SELECT id, payload FROM jobs ORDER BY id LIMIT {} FOR UPDATE SKIP LOCKED";

// As root it becomes the user that its package made, since it refuses root.
constexpr std::string_view kStart = R"sh(
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
become=
if [ "$(id -u)" = 0 ]; then
  chown postgres .
  become="setpriv --reuid postgres --regid postgres --clear-groups --pdeathsig KILL"
fi
$become "$bin/initdb" --pgdata=data --username=bench --auth=trust >/dev/null || exit 1
exec $become "$bin/postgres" -D data -p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories=
)sh";

std::string number(std::size_t value) {
  const std::uint32_t word = htonl(static_cast<std::uint32_t>(value));
  return {reinterpret_cast<const char*>(&word), sizeof word};
}

// A session of the simple query protocol.
class Database {
 public:
  explicit Database(std::uint16_t port) : connection_(port) {
    using std::string_literals::operator""s;
    const std::string parameters = "\0\3\0\0user\0bench\0database\0postgres\0\0"s;
    connection_.say(number(parameters.size() + 4) + parameters);
    ready();
  }
  // Waits until its process has gone: only then does that one's CPU time count as its server's.
  ~Database() {
    try {
      connection_.say("X" + number(4));
      connection_.bytes(1);
    } catch (const std::runtime_error&) {
      // It has closed the connection.
    }
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void ask(std::string_view sql) {
    connection_.say("Q" + number(sql.size() + 5));
    connection_.say(sql);
    connection_.say(std::string_view("\0", 1));
  }
  // The first columns of all rows of the answer, once it is complete.
  std::vector<std::string> ready() {
    std::vector<std::string> rows;
    for (;;) {
      const auto head = connection_.bytes(5);
      const char type = head.front();
      const std::uint32_t size = word(head.substr(1)) - 4;
      const auto body = connection_.bytes(size);
      if (type == 'D') rows.emplace_back(body.substr(6, word(body.substr(2))));
      if (type == 'E') fail(std::string(body));
      if (type == 'Z') return rows;
    }
  }
  std::vector<std::string> run(std::string_view sql) {
    ask(sql);
    return ready();
  }
  // Ends the transaction in which these were selected, and them.
  void acknowledge(const std::vector<std::string>& ids) {
    run(fmt::format("DELETE FROM jobs WHERE id IN ({}); COMMIT", fmt::join(ids, ",")));
  }

 private:
  [[noreturn]] static void fail(std::string fields) {
    std::ranges::replace(fields, '\0', ' ');
    throw std::runtime_error("PostgreSQL: " + fields);
  }
  static std::uint32_t word(std::string_view bytes) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    return ntohl(value);
  }
  Connection connection_;
};

std::string insert(std::uint64_t first, std::uint64_t last) {
  std::string sql = "INSERT INTO jobs (payload) VALUES ";
  for (std::uint64_t i = first; i < last; ++i) sql += fmt::format("{}('{}')", i == first ? "" : ",", job(i));
  return sql;
}

class PostgresqlSession final : public Session {
 public:
  explicit PostgresqlSession(std::uint16_t port) : database_(port) {}
  void next() override {
    database_.run(insert(0, 1));
    // Another one may have got it, whose job then waits.
    for (;;) {
      const auto ids = database_.run(fmt::format(kBegin, 1));
      if (!ids.empty()) return database_.acknowledge(ids);
      database_.run("ROLLBACK");
    }
  }

 private:
  Database database_;
};

class Postgresql final : public SocketPeer {
 public:
  explicit Postgresql(About about)
      : SocketPeer(std::move(about), [](const ServerProcess::Place& place) {
          return std::vector<std::string>{"sh", "-c", fmt::format(kStart, place.port)};
        }) {
    when_started().run("CREATE TABLE jobs (id bigserial PRIMARY KEY, payload text NOT NULL)");
  }

 private:
  // It accepts connections before it takes them.
  Database when_started() {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    for (;;) {
      try {
        return Database(port());
      } catch (const std::runtime_error&) {
        if (std::chrono::steady_clock::now() > deadline) throw;
      }
    }
  }
  void produce(std::uint64_t jobs, Backlog& backlog) override {
    Database database(port());
    pipeline((jobs + kRowsAtOnce - 1) / kRowsAtOnce, kRowsAtOnce, kInsertsUnderWay, backlog,
             [&](std::uint64_t i) { database.ask(insert(i * kRowsAtOnce, std::min(jobs, (i + 1) * kRowsAtOnce))); },
             [&] { database.ready(); });
  }
  void consume(std::uint64_t jobs, Backlog& backlog) override {
    take_and_delete(jobs, backlog);
    // The server serves another connection only after it has counted those that have gone.
    const Database last(port());
  }
  void take_and_delete(std::uint64_t jobs, Backlog& backlog) {
    Database database(port());
    for (std::uint64_t got = 0; got < jobs;) {
      const auto ids = database.run(fmt::format(kBegin, kRowsAtOnce));
      if (ids.empty()) {
        database.run("ROLLBACK");
        continue;
      }
      database.acknowledge(ids);
      got += ids.size();
      backlog.ended(ids.size());
    }
  }
  std::unique_ptr<Session> new_session(int) override { return std::make_unique<PostgresqlSession>(port()); }
};

}  // namespace

std::unique_ptr<System> make_postgresql() {
  return std::make_unique<Postgresql>(System::About{
      .name = "PostgreSQL, SKIP LOCKED",
      .keeps = Keeps::kSynced,
      .setup = fmt::format(
          "postgres as initdb makes it, synchronous_commit on; INSERT of {0} rows, {1} under way; SELECT of {0} FOR "
          "UPDATE SKIP LOCKED and DELETE in one transaction; CPU without its background processes",
          kRowsAtOnce, kInsertsUnderWay)});
}

}  // namespace sluice::bench
