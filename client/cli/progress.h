// client/cli/progress.h
// One line on a terminal's stderr that is written over while something takes its time, and is gone when it ends. On
// anything but a terminal, and with -q, it writes nothing. Main thread only.
#ifndef NOVELO_CLIENT_CLI_PROGRESS_H_
#define NOVELO_CLIENT_CLI_PROGRESS_H_

#include <string>

#include "absl/time/time.h"
#include "session.h"

namespace novelo::cli {

class Progress {
 public:
  explicit Progress(Session& session) : session_(session) {}
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Shows `text` and how long it has taken, once that is more than kSilence: quick answers do not flicker.
  void show(const std::string& text);
  // Takes the line away, before something else is written.
  void clear();

 private:
  static constexpr absl::Duration kSilence = absl::Seconds(1);

  Session& session_;
  absl::Time start_ = absl::Now();
  bool is_shown_ = false;
};

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_PROGRESS_H_
