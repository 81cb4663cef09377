// spdlog writes and stamps; the line after the level is made here, so that text and JSON hold the same facts.
#include "export/log.h"

#include <absl/strings/str_format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <memory>

namespace novelo::daemon {
namespace {

constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%fZ %-7l %v";
constexpr const char* kJsonPattern = R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l",%v})";

std::atomic<bool> g_is_json{false};

spdlog::level::level_enum spdlog_level(std::string_view level) {
  if (level == "trace") return spdlog::level::trace;
  if (level == "debug") return spdlog::level::debug;
  if (level == "warn") return spdlog::level::warn;
  if (level == "error") return spdlog::level::err;
  if (level == "off") return spdlog::level::off;
  return spdlog::level::info;
}

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

void append_json(std::string& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out.append(absl::StrFormat("\\u%04x", static_cast<unsigned char>(c)));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

// A value of text messages: quoted when it could be taken for several words; one message stays one line.
void append_text(std::string& out, std::string_view text) {
  const bool is_plain = !text.empty() && text.find_first_of(" \"\\=\n\r\t") == std::string_view::npos;
  if (is_plain) {
    out.append(text);
  } else {
    append_json(out, text);
  }
}

}  // namespace

void start_log(std::string_view level, std::string_view format) {
  g_is_json.store(format == "json", std::memory_order_relaxed);
  auto logger = std::make_shared<spdlog::logger>("novelod", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern(format == "json" ? kJsonPattern : kTextPattern, spdlog::pattern_time_type::utc);
  logger->set_level(spdlog_level(level));
  spdlog::set_default_logger(std::move(logger));
}

void set_log_level(std::string_view level) {
  spdlog::set_level(spdlog_level(level));
}

void log(LogLevel level, std::string_view message, LogFields fields) {
  const spdlog::level::level_enum severity = spdlog_level(level);
  if (!spdlog::should_log(severity)) return;
  const std::string_view format = g_is_json.load(std::memory_order_relaxed) ? "json" : "text";
  const std::string line = log_line(format, message, fields);
  spdlog::default_logger_raw()->log(severity, spdlog::string_view_t(line.data(), line.size()));
}

std::string log_line(std::string_view format, std::string_view message, LogFields fields) {
  std::string out;
  if (format == "json") {
    out.append("\"message\":");
    append_json(out, message);
    for (const auto& [key, value] : fields) {
      out.push_back(',');
      append_json(out, key);
      out.push_back(':');
      append_json(out, value);
    }
    return out;
  }
  for (const char c : message) out.push_back(c == '\n' ? ' ' : c);
  for (const auto& [key, value] : fields) {
    out.push_back(' ');
    out.append(key);
    out.push_back('=');
    append_text(out, value);
  }
  return out;
}

}  // namespace novelo::daemon
