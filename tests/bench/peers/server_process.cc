#include "tests/bench/peers/server_process.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace sluice::bench {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr int kTryAgainMs = 10;
constexpr int kPatienceToEndMs = 5'000;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int make_socket() {
  const int made = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0) throw std::runtime_error("no socket");
  return made;
}

// One that nobody had a moment ago.
std::uint16_t free_port() {
  const int probe = make_socket();
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  const bool bound = ::bind(probe, reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
                     ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(probe);
  if (!bound) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

bool accepts(std::uint16_t port) {
  const int probe = make_socket();
  const sockaddr_in address = loopback(port);
  const bool connected = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(probe);
  return connected;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::filesystem::path new_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "sluice-bench-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  return name;
}

}  // namespace

ServerProcess::ServerProcess(const std::function<std::vector<std::string>(const Place&)>& command)
    : place_{.port = free_port(), .directory = new_directory()} {
  try {
    start(command(place_));
    wait_until_it_listens();
  } catch (...) {
    end();
    throw;
  }
}

ServerProcess::~ServerProcess() { end(); }

void ServerProcess::start(std::vector<std::string> command) {
  std::vector<char*> argv;
  for (auto& argument : command) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const std::string log = place_.directory / "output";
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("cannot fork");
  if (pid_ > 0) return;
  // Only what a child of a program with threads may do.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int output = ::open(log.c_str(), O_CREAT | O_WRONLY, 0600);
  if (::getppid() == parent && ::chdir(place_.directory.c_str()) == 0 && ::dup2(output, 1) >= 0 && ::dup2(output, 2) >= 0) {
    ::execvp(argv[0], argv.data());
    (void)!::write(2, "there is no such program; its package is in ./dev packages bench\n", 65);
  }
  ::_exit(127);
}

void ServerProcess::wait_until_it_listens() {
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  pollfd ended{.fd = handle, .events = POLLIN, .revents = 0};
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  bool listens = accepts(place_.port);
  // Between the tries its death is waited for.
  while (!listens && std::chrono::steady_clock::now() < deadline && ::poll(&ended, 1, kTryAgainMs) == 0) {
    listens = accepts(place_.port);
  }
  ::close(handle);
  if (!listens) throw std::runtime_error("a peer does not start; it wrote: " + text_of(place_.directory / "output"));
}

void ServerProcess::end() {
  if (pid_ > 0) {
    // One with processes of its own ends those too, if it is asked.
    const int handle = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    pollfd ended{.fd = handle, .events = POLLIN, .revents = 0};
    ::kill(pid_, SIGTERM);
    if (::poll(&ended, 1, kPatienceToEndMs) != 1) ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(handle);
  }
  std::error_code ignored;
  std::filesystem::remove_all(place_.directory, ignored);
}

}  // namespace sluice::bench
