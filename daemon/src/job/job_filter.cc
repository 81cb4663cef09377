// A small part of AIP-160: equality and AND, which is what an index could answer.
#include "job/job_filter.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_split.h>

#include <array>

#include "nearest.h"
#include "rpc/error.h"

namespace novelo::daemon {
namespace {

constexpr std::string_view kLabelPrefix = "labels.";
constexpr std::size_t kTermsMax = 32;
constexpr std::array<std::string_view, 4> kFields = {"task", "state", "queue", "request_id"};

std::string unquoted(absl::string_view text) {
  text = absl::StripAsciiWhitespace(text);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return std::string(text);
}

// "running", "RUNNING" and "JOB_STATE_RUNNING" are one.
absl::StatusOr<std::string> state_name(const std::string& text) {
  std::string name = absl::AsciiStrToUpper(text);
  if (!absl::StartsWith(name, "JOB_STATE_")) name = absl::StrCat("JOB_STATE_", name);
  v1::JobState state;
  if (v1::JobState_Parse(name, &state) && state != v1::JOB_STATE_UNSPECIFIED) return name;
  return bad_field("filter", absl::StrCat("\"", text.substr(0, 64),
                                          "\" is no state; there are QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED"))
      .status();
}

}  // namespace

absl::StatusOr<JobFilter> JobFilter::parse(std::string_view text) {
  JobFilter filter;
  const absl::string_view whole = absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size()));
  if (whole.empty()) return filter;
  for (absl::string_view part : absl::StrSplit(whole, " AND ")) {
    if (filter.terms_.size() == kTermsMax)
      return bad_field("filter", absl::StrCat("has more than ", kTermsMax, " terms")).status();
    const std::size_t equals = part.find('=');
    if (equals == absl::string_view::npos) {
      return bad_field("filter",
                       absl::StrCat("\"", std::string(part.substr(0, 64)), "\" is no term: write field=value"))
          .status();
    }
    const std::string field(absl::StripAsciiWhitespace(part.substr(0, equals)));
    std::string value = unquoted(part.substr(equals + 1));
    const bool is_label = absl::StartsWith(field, absl::string_view(kLabelPrefix.data(), kLabelPrefix.size()));
    if (!is_label && std::find(kFields.begin(), kFields.end(), field) == kFields.end()) {
      return bad_field("filter",
                       absl::StrCat("there is no field \"", field.substr(0, 64), "\"", suggestion(field, kFields),
                                    "; there are task, state, queue, request_id, labels.KEY"))
          .status();
    }
    if (field == "state") {
      absl::StatusOr<std::string> name = state_name(value);
      if (!name.ok()) return name.status();
      value = *std::move(name);
    }
    filter.terms_.emplace_back(field, std::move(value));
  }
  return filter;
}

bool JobFilter::matches(const v1::Job& job) const {
  for (const auto& [field, value] : terms_) {
    if (field == "task" && job.task() != value) return false;
    if (field == "state" && v1::JobState_Name(job.state()) != value) return false;
    if (field == "queue" && job.queue() != value) return false;
    if (field == "request_id" && job.request_id() != value) return false;
    if (field.starts_with(kLabelPrefix)) {
      const auto label = job.labels().find(field.substr(kLabelPrefix.size()));
      if (label == job.labels().end() || label->second != value) return false;
    }
  }
  return true;
}

}  // namespace novelo::daemon
