// client/cli/progress.cc
// Erases with the terminal's "clear to the end of the line", which every terminal of this century knows.
#include "progress.h"

#include "absl/strings/str_cat.h"

namespace novelo::cli {

void Progress::show(const std::string& text) {
  const absl::Duration taken = absl::Now() - start_;
  if (!session_.shows_progress() || taken < kSilence) return;
  session_.world().err << "\r\033[K" << escape(text) << ", " << absl::ToInt64Seconds(taken) << " s" << std::flush;
  is_shown_ = true;
}

void Progress::clear() {
  if (is_shown_) session_.world().err << "\r\033[K" << std::flush;
  is_shown_ = false;
}

}  // namespace novelo::cli
