// One payload a kind of detail, which is all that google.rpc.Status is used for here.
#include "rpc/error.h"

#include <absl/status/statusor.h>
#include <absl/strings/cord.h>

#include <optional>
#include <vector>

#include "google/rpc/error_details.pb.h"

namespace novelo::daemon {
namespace {

constexpr std::string_view kTypePrefix = "type.googleapis.com/";

template <class Detail>
std::string type_url() {
  return std::string(kTypePrefix) + std::string(Detail::descriptor()->full_name());
}

template <class Detail>
std::optional<Detail> detail_of(const absl::Status& status) {
  const auto payload = status.GetPayload(type_url<Detail>());
  if (!payload.has_value()) return std::nullopt;
  Detail detail;
  if (!detail.ParseFromString(std::string(*payload))) return std::nullopt;
  return detail;
}

template <class Detail>
void set_detail(absl::Status& status, const Detail& detail) {
  status.SetPayload(type_url<Detail>(), absl::Cord(detail.SerializeAsString()));
}

// Replaces each byte that does not belong to well-formed UTF-8 by '?', so that protobuf accepts the text.
std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    std::size_t length = lead < 0x80                   ? 1
                         : lead >= 0xC2 && lead < 0xE0 ? 2
                         : lead >= 0xE0 && lead < 0xF0 ? 3
                         : lead >= 0xF0 && lead < 0xF5 ? 4
                                                       : 0;
    bool good = length != 0 && i + length <= text.size();
    for (std::size_t k = 1; good && k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      good = (next & 0xC0) == 0x80;
      // Overlong forms, surrogates and values beyond U+10FFFF show in the second byte.
      if (k == 1 && ((lead == 0xE0 && next < 0xA0) || (lead == 0xED && next >= 0xA0) || (lead == 0xF0 && next < 0x90) ||
                     (lead == 0xF4 && next >= 0x90))) {
        good = false;
      }
    }
    if (good) {
      out.append(text.substr(i, length));
      i += length;
    } else {
      out.push_back('?');
      ++i;
    }
  }
  return out;
}

// The first `bytes` of `text`, not cutting a character in two.
std::string cut(std::string text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  static constexpr std::string_view kMark = "...";
  std::size_t end = bytes - kMark.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text.append(kMark);
}

google::rpc::ErrorInfo error_info(std::string_view reason) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain(std::string(kErrorDomain));
  return info;
}

}  // namespace

Error::Error(absl::StatusCode code, std::string_view reason, std::string_view message)
    : status_(code, absl::string_view(message.data(), message.size())) {
  set_detail(status_, error_info(reason));
}

Error& Error::metadata(std::string_view key, std::string_view value) {
  auto info = detail_of<google::rpc::ErrorInfo>(status_).value_or(google::rpc::ErrorInfo());
  (*info.mutable_metadata())[std::string(key)] = cut(valid_utf8(value), 256);
  set_detail(status_, info);
  return *this;
}

Error& Error::field(std::string_view field, std::string_view why) {
  auto bad = detail_of<google::rpc::BadRequest>(status_).value_or(google::rpc::BadRequest());
  auto* violation = bad.add_field_violations();
  violation->set_field(cut(valid_utf8(field), 256));
  violation->set_description(cut(valid_utf8(why), kErrorMessageBytesMax));
  set_detail(status_, bad);
  return *this;
}

Error& Error::quota(std::string_view subject, std::string_view description) {
  google::rpc::QuotaFailure failure;
  auto* violation = failure.add_violations();
  violation->set_subject(valid_utf8(subject));
  violation->set_description(valid_utf8(description));
  set_detail(status_, failure);
  return *this;
}

Error& Error::retry_after(absl::Duration delay) {
  google::rpc::RetryInfo retry;
  absl::Duration rest;
  retry.mutable_retry_delay()->set_seconds(absl::IDivDuration(delay, absl::Seconds(1), &rest));
  retry.mutable_retry_delay()->set_nanos(static_cast<std::int32_t>(absl::ToInt64Nanoseconds(rest)));
  set_detail(status_, retry);
  return *this;
}

Error& Error::resource(std::string_view type, std::string_view name) {
  google::rpc::ResourceInfo info;
  info.set_resource_type(std::string(type));
  info.set_resource_name(cut(valid_utf8(name), 256));
  set_detail(status_, info);
  return *this;
}

Error bad_field(std::string_view field, std::string_view why) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", std::string(field) + ": " + std::string(why))
      .field(field, why);
}

std::string reason_of(const absl::Status& status) {
  const auto info = detail_of<google::rpc::ErrorInfo>(status);
  return info.has_value() ? info->reason() : std::string();
}

absl::Status with_reason(absl::Status status, std::string_view reason) {
  if (status.ok() || detail_of<google::rpc::ErrorInfo>(status).has_value()) return status;
  set_detail(status, error_info(reason));
  return status;
}

google::rpc::Status to_proto(const absl::Status& status) {
  google::rpc::Status proto;
  proto.set_code(static_cast<std::int32_t>(status.code()));
  proto.set_message(cut(valid_utf8({status.message().data(), status.message().size()}), kErrorMessageBytesMax));
  if (status.ok()) return proto;

  google::rpc::ErrorInfo info =
      detail_of<google::rpc::ErrorInfo>(status).value_or(error_info(absl::StatusCodeToString(status.code())));
  std::size_t bytes = info.ByteSizeLong();
  proto.add_details()->PackFrom(info);
  const std::string info_url = type_url<google::rpc::ErrorInfo>();
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    const bool is_detail =
        url.size() > kTypePrefix.size() && std::string_view(url.data(), kTypePrefix.size()) == kTypePrefix;
    if (!is_detail || url == info_url || bytes + payload.size() > kErrorDetailBytesMax) return;
    bytes += payload.size();
    auto* any = proto.add_details();
    any->set_type_url(std::string(url));
    any->set_value(std::string(payload));
  });
  return proto;
}

absl::Status from_proto(const google::rpc::Status& proto) {
  absl::Status status(static_cast<absl::StatusCode>(proto.code()), proto.message());
  if (status.ok()) return status;
  for (const auto& any : proto.details()) status.SetPayload(any.type_url(), absl::Cord(any.value()));
  return status;
}

}  // namespace novelo::daemon
