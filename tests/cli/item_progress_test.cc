#include "client/cli/item_progress.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

v1::Progress progress(std::optional<double> fraction, const std::string& message = {}) {
  v1::Progress made;
  if (fraction) made.set_fraction(*fraction);
  made.set_message(message);
  return made;
}

TEST(ItemProgress, IsAPercentageAndAMessage) {
  EXPECT_EQ(progress_text(progress(0.4, "resizing")), "40% resizing");
  EXPECT_EQ(progress_text(progress(0.0)), "0%");
  EXPECT_EQ(progress_text(progress(1.0)), "100%");
  EXPECT_EQ(progress_text(progress(std::nullopt, "resizing")), "resizing");
  EXPECT_EQ(progress_text(progress(std::nullopt)), "-");
  EXPECT_EQ(progress_text(v1::Progress()), "-");
}

TEST(ItemProgress, IsAllOnlyWhenAllIsDone) {
  EXPECT_EQ(progress_text(progress(0.9999)), "99%");
  EXPECT_EQ(progress_text(progress(0.57)), "57%");
  EXPECT_EQ(progress_text(progress(0.29)), "29%");
}

TEST(ItemProgress, CannotWriteAnythingElseToATerminal) {
  EXPECT_EQ(progress_text(progress(0.5, "a\x1b[2Jb\nc")), "50% a.[2Jb.c");
  EXPECT_LT(progress_text(progress(0.5, std::string(256, 'x'))).size(), 80U);
}

TEST(ItemProgress, OfAJobNamesBoth) {
  v1::Job job;
  job.set_job_id(17);
  job.set_progress_queue("photos");
  *job.mutable_progress() = progress(0.4, "resizing");
  EXPECT_EQ(progress_line(job), "job 17: 40% resizing (queue photos)");
}

}  // namespace
}  // namespace sluice::cli
