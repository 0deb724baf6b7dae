// What `sluice` ends with. docs/cli.md lists the same.
#pragma once

namespace sluice::cli {

inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;       // the operation failed; the reason is on standard error
inline constexpr int kUsage = 2;        // the command line makes no sense
inline constexpr int kUnreachable = 3;  // no server answers at the address, or it is going down
inline constexpr int kNothing = 4;      // nothing there: a get whose wait is over, or at the end of the queue
inline constexpr int kStalled = 5;      // `why`: something does not move
inline constexpr int kInterrupted = 130;

}  // namespace sluice::cli
