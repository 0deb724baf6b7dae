// A coprocess that gives every payload back: what a child costs that does nothing. docs/coprocess.md has the protocol.
#include <cstdio>
#include <string>

int main() {
  unsigned long long item = 0;
  std::size_t size = 0;
  std::size_t extra = 0;
  std::string payload;
  while (std::scanf("%llu %*u %zu %zu%*[^\n]", &item, &size, &extra) == 3 && std::getchar() == '\n') {
    payload.resize(size + extra);
    if (std::fread(payload.data(), 1, payload.size(), stdin) != payload.size()) return 1;
    std::printf("%llu ok %zu\n", item, size);
    std::fwrite(payload.data(), 1, size, stdout);
    std::fflush(stdout);
  }
  return 0;
}
