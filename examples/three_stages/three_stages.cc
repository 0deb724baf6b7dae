// Three stages with queues between them and a pool of workers each: download -> resize -> upload -> done. The stages run in
// sluiced; this program declares them, feeds them and waits for them.
//
//   three_stages [HOST:PORT]
#include <fmt/format.h>

#include <iostream>

#include "sluice/sluice.h"

namespace {

// The handlers here only pass the item on. Real ones are named in the server's configuration: see examples/photos.
const sluice::PipelineSpec kPhotos = {
    .name = "photos",
    .queues =
        {
            // A full queue holds the stage before it back, so that it never runs far ahead.
            {.name = "download", .settings = {.capacity = 10}},
            {.name = "resize", .settings = {.capacity = 10}},
            {.name = "upload", .settings = {.capacity = 10}},
            // Nobody takes from this one before the end: it must hold all results.
            {.name = "done", .settings = {.capacity = 0}},
        },
    .stages =
        {
            {.input = "download", .output = "resize", .handler = "builtin.identity", .workers = 3},
            {.input = "resize", .output = "upload", .handler = "builtin.identity", .workers = 4},
            {.input = "upload", .output = "done", .handler = "builtin.identity", .workers = 5},
        },
};

}  // namespace

int main(int argc, char** argv) try {
  const sluice::Client client(argc > 1 ? argv[1] : sluice::default_address());
  const sluice::Pipeline photos = client.create_pipeline(kPhotos);

  const sluice::Queue download = photos.queue("download");
  for (int i = 0; i < 1'000; ++i) download.put(fmt::format("photo-{}.jpg", i));

  download.close();  // when it is drained, its stage ends and closes the next queue, and so on
  photos.join();     // until the last stage has ended

  for (const sluice::StageInfo& stage : photos.stages()) {
    std::cout << fmt::format("{}: {} photos, {} workers left\n", stage.spec.name, stage.succeeded, stage.workers);
  }
  std::cout << fmt::format("{} photos done\n", photos.queue("done").stats().waiting);
  photos.remove(/*force=*/true);
} catch (const sluice::Error& error) {
  std::cerr << "three_stages: " << error.what() << '\n';
  return 1;
}
