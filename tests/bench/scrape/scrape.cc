//: what reading the metrics of many queues costs; bars
//
// What a scrape of a server with many queues takes: `./dev bench scrape [--queues N] [--runs N] [--check]`.
//
// The queues hold an item each and have had one that is done, so that no series is empty. A run is twenty scrapes one after the
// other over one connection, as Prometheus makes them. Bars: a scrape of 1,000 queues under 50 ms, and 10 ms of processor time,
// which is 1 % of a core at one scrape a second.
#include <algorithm>
#include <istream>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <boost/asio/ip/tcp.hpp>

#include "sluice/sluice.h"
#include "tests/bench/measure.h"
#include "tests/bench/program.h"
#include "tests/support/sluiced_process.h"

namespace sluice::bench {
namespace {

constexpr int kScrapesPerRun = 20;
constexpr double kMostSeconds = 0.050;
constexpr double kMostCpuSeconds = 0.010;

struct Options {
  int queues = 1'000;
  int runs = 7;
};

// A connection that asks for /metrics and reads all of it.
class Scraper {
 public:
  explicit Scraper(const std::string& address) : address_(address) {
    const std::size_t colon = address.rfind(':');
    stream_.connect(address.substr(0, colon), address.substr(colon + 1));
    if (!stream_) throw std::runtime_error("cannot connect to the admin endpoint");
    // The parts of a request leave at once, or their acknowledgement would be what is measured.
    stream_.socket().set_option(boost::asio::ip::tcp::no_delay(true));
  }

  // Returns how long the text is.
  std::size_t scrape() {
    stream_ << "GET /metrics HTTP/1.1\r\nHost: " << address_ << "\r\n\r\n" << std::flush;
    std::string line;
    if (!std::getline(stream_, line) || line.find(" 200 ") == std::string::npos)
      throw std::runtime_error("no metrics: " + line);
    std::size_t length = 0;
    constexpr std::string_view kLength = "Content-Length: ";
    while (std::getline(stream_, line) && line != "\r") {
      if (line.starts_with(kLength)) length = std::stoul(line.substr(kLength.size()));
    }
    text_.resize(length);
    stream_.read(text_.data(), static_cast<std::streamsize>(length));
    if (!stream_ || length == 0) throw std::runtime_error("the metrics broke off");
    return length;
  }

 private:
  const std::string address_;
  boost::asio::ip::tcp::iostream stream_;
  std::string text_;
};

void fill(const Client& client, int queues) {
  for (int i = 0; i < queues; ++i) {
    const Queue queue = client.create_queue(fmt::format("queue-{:05}", i), {.durability = Durability::kMemory});
    queue.put_all({"done", "waiting"});
    queue.get()->done();
  }
}

bool run(const Options& options) {
  support::SluicedProcess server;
  fill(Client(server.address()), options.queues);
  Scraper scraper(server.admin_address());
  const std::size_t bytes = scraper.scrape();
  std::vector<double> seconds;
  std::vector<double> cpu;
  for (int i = 0; i < options.runs; ++i) {
    const Run run = timed(server.pid(), [&scraper] {
      for (int scrape = 0; scrape < kScrapesPerRun; ++scrape) scraper.scrape();
      return std::uint64_t{kScrapesPerRun};
    });
    seconds.push_back(run.seconds / kScrapesPerRun);
    cpu.push_back(run.server_cpu_seconds / kScrapesPerRun);
  }
  fmt::print("{} queues, {:.2f} MB of metrics, {} runs of {} scrapes, medians (least to most)\n", options.queues,
             static_cast<double>(bytes) / 1e6, options.runs, kScrapesPerRun);
  const auto print = [](const char* what, const std::vector<double>& values, double bar) {
    const bool met = median_of(values) <= bar;
    fmt::print("{}: {:.1f} ms ({:.1f} to {:.1f}), bar {:.0f} ms, {}\n", what, median_of(values) * 1e3,
               *std::min_element(values.begin(), values.end()) * 1e3, *std::max_element(values.begin(), values.end()) * 1e3,
               bar * 1e3, met ? "met" : "missed");
    return met;
  };
  const bool fast = print("a scrape", seconds, kMostSeconds);
  return print("processor time of the server for it", cpu, kMostCpuSeconds) && fast;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  sluice::bench::Options options;
  using sluice::bench::flag;
  return sluice::bench::run_program("bench_scrape", argc, argv,
                                    {flag("--queues", options.queues), flag("--runs", options.runs)},
                                    [&](bool) { return sluice::bench::run(options); });
}
