// sluiced on a disk so slow that reading a store of some thousand records takes longer than a second: LMDB's reading is
// interposed, and takes its time once.
#include <dlfcn.h>
#include <lmdb.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "server/base/limits.h"
#include "server/server.h"

namespace {

constexpr int kSlowRead = 500;
std::atomic<int> reads = 0;

}  // namespace

// A definition in the program comes before the library's.
extern "C" int mdb_cursor_get(MDB_cursor* cursor, MDB_val* key, MDB_val* data, MDB_cursor_op op) {
  using Function = int (*)(MDB_cursor*, MDB_val*, MDB_val*, MDB_cursor_op);
  static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "mdb_cursor_get"));
  if (++reads == kSlowRead) std::this_thread::sleep_for(sluice::limits::kRecoveryReportInterval);
  return real(cursor, key, data, op);
}

int main(int argc, char** argv) { return sluice::Server().run(argc, argv); }
