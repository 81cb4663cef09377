// How a call moves between gRPC's threads and its goroutine:
//   new call    CreateReactor (gRPC thread): one push that starts the goroutine; without one the call is refused
//   message in  the goroutine starts a read and receives from read_done_; OnReadDone (gRPC thread) sends there
//   message out the goroutine starts a write and receives from write_done_; OnWriteDone sends there
//   cancel      OnCancel (gRPC thread) cancels the goroutine's scope
//   end         the goroutine calls finish() last; OnDone (gRPC thread) lets go of the reactor
// Both channels have room for the one operation that may be under way, so a gRPC thread never waits.
//
// A goroutine cancelled while it waits for a write leaves that write under way. gRPC allows no status to be sent beside
// it, so finish() then breaks the call off and OnWriteDone sends the status.
#include "rpc/grpcpp.h"

#include <absl/strings/str_cat.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <novelo/novelo.h>

#include <atomic>
#include <mutex>
#include <utility>

#include "address.h"
#include "rpc/error.h"

namespace novelo::daemon {
namespace {

constexpr absl::Duration kRetryWhenFull = absl::Seconds(1);

grpc::Status to_grpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status proto = to_proto(status);
  return {static_cast<grpc::StatusCode>(proto.code()), proto.message(), proto.SerializeAsString()};
}

grpc::ByteBuffer to_buffer(const std::string& message) {
  const grpc::Slice slice(message);
  return {&slice, 1};
}

std::string to_text(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  text.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

// What all calls of one server share.
struct Shared {
  const Router& router;
  Poster poster;
  CallObserver* calls_observer;
  AdmissionObserver* admission_observer;
  std::int64_t max_calls;
  std::atomic<std::int64_t> calls{0};
};

// A call turned away at once.
class Refusal final : public grpc::ServerGenericBidiReactor {
 public:
  explicit Refusal(const absl::Status& status) { Finish(to_grpc(status)); }
  void OnDone() override { delete this; }
};

class GrpcCall final : public grpc::ServerGenericBidiReactor,
                       public Call,
                       public std::enable_shared_from_this<GrpcCall> {
 public:
  GrpcCall(grpc::GenericCallbackServerContext& context, const Method& method, Shared& shared)
      : context_(context),
        method_(method),
        shared_(shared),
        peer_(context.peer()),
        deadline_(context.deadline() == std::chrono::system_clock::time_point::max()
                      ? absl::InfiniteFuture()
                      : absl::FromChrono(context.deadline())) {}

  // On gRPC's thread, once: starts the first read and the goroutine.
  void start() {
    self_ = shared_from_this();
    is_reading_ = true;
    StartRead(&incoming_);
    try {
      shared_.poster.post([self = self_] { self->start_run(); });
    } catch (const RuntimeError& error) {
      refuse(error);
    }
  }

  // Call, on the goroutine.

  std::string_view peer() const override { return peer_; }
  absl::Time deadline() const override { return deadline_; }

  std::optional<std::string> metadata(std::string_view key) const override {
    const auto found = context_.client_metadata().find(grpc::string_ref(key.data(), key.size()));
    if (found == context_.client_metadata().end()) return std::nullopt;
    return std::string(found->second.data(), found->second.size());
  }

  absl::StatusOr<std::optional<std::string>> read() override {
    if (is_at_end_) return std::nullopt;
    if (!is_reading_) {
      is_reading_ = true;
      StartRead(&incoming_);
    }
    const bool is_message = read_done_.recv().value_or(false);
    is_reading_ = false;
    if (is_message) {
      std::string message = to_text(incoming_);
      incoming_.Clear();
      return message;
    }
    is_at_end_ = true;
    if (context_.IsCancelled()) return broken();
    return std::nullopt;
  }

  absl::Status write(std::string message) override {
    outgoing_ = to_buffer(message);
    {
      const std::lock_guard lock(mutex_);
      is_writing_ = true;
    }
    StartWrite(&outgoing_);
    return write_done_.recv().value_or(false) ? absl::OkStatus() : broken();
  }

  void write_last(std::string message) override { last_ = std::move(message); }

  // ServerGenericBidiReactor, on gRPC's threads.

  void OnReadDone(bool ok) override { read_done_.try_send(ok); }

  void OnWriteDone(bool ok) override {
    std::optional<grpc::Status> status;
    {
      const std::lock_guard lock(mutex_);
      is_writing_ = false;
      status.swap(held_status_);
    }
    if (status.has_value()) {
      Finish(std::move(*status));
    } else {
      write_done_.try_send(ok);
    }
  }

  void OnCancel() override {
    const std::lock_guard lock(mutex_);
    is_cancelled_ = true;
    if (handle_.joinable()) handle_.cancel();
  }

  void OnDone() override {
    {
      const std::lock_guard lock(mutex_);
      handle_ = {};
    }
    shared_.calls.fetch_sub(1, std::memory_order_relaxed);
    const std::shared_ptr<GrpcCall> last = std::move(self_);
  }

 private:
  static absl::Status broken() {
    return Error(absl::StatusCode::kCancelled, "CALL_CANCELLED", "the caller has gone, or has cancelled the call");
  }

  // Gives the call a goroutine that OnCancel() can cancel.
  void start_run() {
    try {
      set_priority(Priority::kLatency);
      adopt(spawn([self = self_] { self->run(); }));
    } catch (const RuntimeError& error) {
      refuse(error);
    }
  }

  // No goroutine could be had.
  void refuse(const RuntimeError& error) {
    shared_.admission_observer->rejected("max_goroutines");
    finish(Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_GOROUTINES", error.what())
               .quota("node", "runtime.max_goroutines")
               .retry_after(kRetryWhenFull));
  }

  // Keeps the goroutine's handle for OnCancel(), which may have come already.
  void adopt(JoinHandle<void> handle) {
    const std::lock_guard lock(mutex_);
    if (is_cancelled_) handle.cancel();
    if (!is_finished_) handle_ = std::move(handle);
  }

  void run() {
    // A task that calls goexit() unwinds through here: the caller is still owed an answer.
    struct Answer {
      GrpcCall& call;
      absl::Status status =
          Error(absl::StatusCode::kAborted, "TASK_EXITED", "the goroutine of the call ended by goexit()");
      ~Answer() { call.finish(status); }
    } answer{*this};
    answer.status = serve(method_, *this, shared_.calls_observer);
  }

  // The last thing the goroutine does with the reactor: OnDone may run at once.
  void finish(const absl::Status& status) {
    {
      const std::lock_guard lock(mutex_);
      is_finished_ = true;
      if (is_writing_) {
        held_status_ = to_grpc(status);
        context_.TryCancel();
        return;
      }
    }
    if (status.ok() && last_.has_value()) {
      outgoing_ = to_buffer(*last_);
      StartWriteAndFinish(&outgoing_, grpc::WriteOptions(), grpc::Status::OK);
    } else {
      Finish(to_grpc(status));
    }
  }

  grpc::GenericCallbackServerContext& context_;
  const Method& method_;
  Shared& shared_;
  const std::string peer_;
  const absl::Time deadline_;
  std::shared_ptr<GrpcCall> self_;  // gRPC's share of the ownership, until OnDone

  const Chan<bool> read_done_ = make_chan<bool>(1);
  const Chan<bool> write_done_ = make_chan<bool>(1);
  grpc::ByteBuffer incoming_;
  grpc::ByteBuffer outgoing_;
  std::optional<std::string> last_;
  bool is_reading_ = false;  // the goroutine's, as is_at_end_
  bool is_at_end_ = false;

  std::mutex mutex_;  // held for a few instructions, on gRPC's threads and on the goroutine
  JoinHandle<void> handle_;
  std::optional<grpc::Status> held_status_;
  bool is_writing_ = false;
  bool is_cancelled_ = false;
  bool is_finished_ = false;
};

class GenericService final : public grpc::CallbackGenericService {
 public:
  explicit GenericService(Shared& shared) : shared_(shared) {}

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    const Method* method = shared_.router.find(context->method());
    if (method == nullptr) {
      shared_.admission_observer->rejected("unknown_method");
      return new Refusal(shared_.router.unknown(context->method()));
    }
    if (shared_.calls.fetch_add(1, std::memory_order_relaxed) >= shared_.max_calls) {
      shared_.calls.fetch_sub(1, std::memory_order_relaxed);
      shared_.admission_observer->rejected("max_calls");
      const std::string limit = absl::StrCat("grpc.max_calls = ", shared_.max_calls);
      return new Refusal(Error(absl::StatusCode::kResourceExhausted, "TOO_MANY_CALLS",
                               absl::StrCat("the node serves as many calls as it may (", limit, ")"))
                             .quota("node", limit)
                             .retry_after(kRetryWhenFull));
    }
    const auto call = std::make_shared<GrpcCall>(*context, *method, shared_);
    call->start();
    return call.get();
  }

 private:
  Shared& shared_;
};

}  // namespace

struct GrpcServer::State {
  State(const GrpcOptions& options, const Router& router, const Poster& poster, CallObserver* calls,
        AdmissionObserver* admission)
      : shared{router, poster, calls, admission, options.max_calls}, service(shared) {}

  Shared shared;
  GenericService service;
  std::unique_ptr<grpc::Server> server;
  std::string address;
};

GrpcServer::GrpcServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
GrpcServer::~GrpcServer() = default;

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::start(const GrpcOptions& options, const Router& router,
                                                              const Poster& poster, CallObserver* calls,
                                                              AdmissionObserver* admission) {
  absl::StatusOr<Address> address = parse_address(options.listen);
  if (!address.ok()) return address.status();
  auto state = std::make_unique<State>(options, router, poster, calls, admission);

  grpc::EnableDefaultHealthCheckService(false);  // the health service is one of ours
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(address->text(), grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&state->service);
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.max_message_bytes));
  builder.SetMaxSendMessageSize(-1);
  builder.SetResourceQuota(grpc::ResourceQuota("novelod").Resize(static_cast<std::size_t>(options.max_buffered_bytes)));
  // Two daemons must not share a port by accident.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  state->server = builder.BuildAndStart();
  if (state->server == nullptr || (!address->is_unix() && port == 0)) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options.listen, ": ", why_not_listen(*address)));
  }
  if (!address->is_unix()) address->port = port;
  state->address = address->text();
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(state)));
}

const std::string& GrpcServer::address() const {
  return state_->address;
}

std::int64_t GrpcServer::calls() const {
  return state_->shared.calls.load(std::memory_order_relaxed);
}

void GrpcServer::stop(absl::Time deadline) {
  state_->server->Shutdown(absl::ToChronoTime(deadline));
  state_->server->Wait();
}

}  // namespace novelo::daemon
