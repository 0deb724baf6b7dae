// Prints what a store with the present schema version holds, for a new file under tests/journal/golden:
//
//   journal_golden > tests/journal/golden/v3/records.txt
#include <cstdio>
#include <exception>
#include <string>

#include "tests/journal/golden.h"

int main() {
  try {
    const std::string text = sluice::journal::golden::to_text(sluice::journal::golden::written());
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size() ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "journal_golden: %s\n", error.what());
    return 1;
  }
}
