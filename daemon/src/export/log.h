// daemon/src/export/log.h
// The daemon's messages, written to stderr by spdlog as text or as one JSON object a line.
//
//   from    any thread and goroutine; writes at once, under a short lock
//   levels  daemon/README.md gives an example of each
//   tested  tests/unit/daemon/log_test.cc
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace novelo::daemon {

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError };

// `level` and `format` are values of the settings log.level and log.format. To be called before the first message.
void start_log(std::string_view level, std::string_view format);
// From now on, less severe messages are not written.
void set_log_level(std::string_view level);

using LogFields = std::initializer_list<std::pair<std::string_view, std::string>>;

// A sentence, and the facts a program may look for.
void log(LogLevel level, std::string_view message, LogFields fields = {});

// One message in the named format, without time and level: what log() writes.
std::string log_line(std::string_view format, std::string_view message, LogFields fields);

}  // namespace novelo::daemon
