// client/src/byte_call.cc
// gRPC's callback reactor with blocking calls on top. A hold keeps the reactor from ending while operations may still
// be started from outside its callbacks; finish() gives the hold back.
#include "byte_call.h"

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/client_callback.h>

#include <deque>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "rpc_status.h"

namespace novelo::client {
namespace {

grpc::ByteBuffer to_buffer(std::string_view bytes) {
  const grpc::Slice slice(bytes.data(), bytes.size());
  return grpc::ByteBuffer(&slice, 1);
}

std::string to_string(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

}  // namespace

class ByteCall::Reactor : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  Reactor(const std::shared_ptr<grpc::Channel>& channel, std::string method, absl::Time deadline)
      : stub_(channel), method_(std::move(method)) {
    if (deadline != absl::InfiniteFuture()) context_.set_deadline(absl::ToChronoTime(deadline));
  }

  void start() {
    {
      absl::MutexLock lock(&mutex_);
      hold_ = true;
      is_done_ = false;
    }
    stub_.PrepareBidiStreamingCall(&context_, method_, {}, this);
    AddHold();
    StartCall();
  }

  bool write(std::string_view message, bool is_last) {
    outgoing_ = to_buffer(message);  // gRPC is done with the last one: this function waited for it
    {
      absl::MutexLock lock(&mutex_);
      write_ = Operation::kRuns;
    }
    if (is_last) {
      StartWriteLast(&outgoing_, grpc::WriteOptions());
    } else {
      StartWrite(&outgoing_);
    }
    absl::MutexLock lock(&mutex_, absl::Condition(+[](Reactor* r) { return r->write_ended(); }, this));
    return write_ == Operation::kDone;
  }

  void writes_done() { StartWritesDone(); }

  bool read_ready(absl::Duration wait) {
    read_ahead();
    absl::MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout(absl::Condition(+[](Reactor* r) { return r->has_news(); }, this), wait);
  }

  std::optional<std::string> read() {
    if (!read_ready(absl::InfiniteDuration())) return std::nullopt;
    absl::MutexLock lock(&mutex_);
    if (messages_.empty()) return std::nullopt;  // and stays so: the stream has ended
    std::string message = std::move(messages_.front());
    messages_.pop_front();
    bytes_ahead_ -= message.size();
    return message;
  }

  // gRPC tells how a call ended only after its last message was read.
  absl::Status finish() {
    while (!is_idle() && read()) {
    }
    bool has_hold = false;
    {
      absl::MutexLock lock(&mutex_);
      has_hold = hold_;
      hold_ = false;
    }
    if (has_hold) RemoveHold();
    absl::MutexLock lock(&mutex_, absl::Condition(&is_done_));
    return from_grpc(status_);
  }

  void cancel() { context_.TryCancel(); }

 private:
  bool is_idle() {
    absl::MutexLock lock(&mutex_);
    return is_done_;
  }

  enum class Operation { kIdle, kRuns, kDone, kFailed };

  // Asks gRPC for the next message, unless it is asked or enough are here. Whoever finds the place free asks: the
  // callback of the last one, or the reader who made room.
  void read_ahead() {
    {
      absl::MutexLock lock(&mutex_);
      const bool is_full = messages_.size() >= kReadAheadMessagesMax || bytes_ahead_ >= kReadAheadBytesMax;
      if (read_ != Operation::kIdle || is_full) return;
      read_ = Operation::kRuns;
    }
    StartRead(&incoming_);
  }

  // Conditions: absl::Mutex holds itself when it asks, which the analysis does not see.
  bool has_news() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return !messages_.empty() || read_ == Operation::kFailed; }
  bool write_ended() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return write_ != Operation::kRuns; }

  void OnReadDone(bool ok) override {
    std::string message = ok ? to_string(incoming_) : std::string();
    {
      absl::MutexLock lock(&mutex_);
      read_ = ok ? Operation::kIdle : Operation::kFailed;
      if (!ok) return;
      bytes_ahead_ += message.size();
      messages_.push_back(std::move(message));
    }
    read_ahead();
  }

  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    write_ = ok ? Operation::kDone : Operation::kFailed;
  }

  void OnDone(const grpc::Status& status) override {
    absl::MutexLock lock(&mutex_);
    status_ = status;
    is_done_ = true;
  }

  grpc::GenericStub stub_;
  const std::string method_;
  grpc::ClientContext context_;
  grpc::ByteBuffer outgoing_;
  grpc::ByteBuffer incoming_;
  absl::Mutex mutex_;
  Operation read_ ABSL_GUARDED_BY(mutex_) = Operation::kIdle;  // kFailed: there are no more messages
  std::deque<std::string> messages_ ABSL_GUARDED_BY(mutex_);   // arrived and not read yet
  std::size_t bytes_ahead_ ABSL_GUARDED_BY(mutex_) = 0;
  Operation write_ ABSL_GUARDED_BY(mutex_) = Operation::kIdle;
  bool hold_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_done_ ABSL_GUARDED_BY(mutex_) = true;  // not while the call is gRPC's
  grpc::Status status_ ABSL_GUARDED_BY(mutex_);
};

ByteCall::ByteCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method, absl::Time deadline)
    : reactor_(std::make_unique<Reactor>(channel, method, deadline)) {}

ByteCall::~ByteCall() {
  reactor_->cancel();
  (void)reactor_->finish();
}

void ByteCall::start() {
  reactor_->start();
}
bool ByteCall::write(std::string_view message) {
  return reactor_->write(message, false);
}
bool ByteCall::write_last(std::string_view message) {
  return reactor_->write(message, true);
}
void ByteCall::writes_done() {
  reactor_->writes_done();
}
bool ByteCall::read_ready(absl::Duration wait) {
  return reactor_->read_ready(wait);
}
std::optional<std::string> ByteCall::read() {
  return reactor_->read();
}
absl::Status ByteCall::finish() {
  return reactor_->finish();
}
void ByteCall::cancel() {
  reactor_->cancel();
}

}  // namespace novelo::client
