// client/src/byte_call.h
// One call of any method, its messages as bytes: the ground under typed calls, whose types exist only at run time.
//
//   threads     write() and writes_done() by one thread, read_ready(), read() and finish() by one (another or the
//               same); cancel() by any, at any time. All but cancel() may block. Nothing is written after finish()
//               was called
//   bounds      one message in flight to the server, up to kReadAheadMessagesMax or kReadAheadBytesMax waiting here: a
//               slow server holds up write(), a slow caller the server
//   ends        the destructor cancels a call that has not ended and waits for gRPC to let go of it
//   tested in   tests/unit/client/byte_call_test.cc
#ifndef NOVELO_CLIENT_SRC_BYTE_CALL_H_
#define NOVELO_CLIENT_SRC_BYTE_CALL_H_

#include <grpcpp/channel.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace novelo::client {

// Messages that are taken from the server before the caller asks: so that each does not cost a change of threads.
inline constexpr std::size_t kReadAheadMessagesMax = 256;
inline constexpr std::size_t kReadAheadBytesMax = 1 << 20;

class ByteCall {
 public:
  // A call of `method` ("/text.Tasks/WordCount"), not sent yet: whoever is to cancel it can be told of it first.
  ByteCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method, absl::Time deadline);
  ~ByteCall();
  ByteCall(const ByteCall&) = delete;
  ByteCall& operator=(const ByteCall&) = delete;

  // Sends the call. Required before anything but cancel().
  void start();

  // Sends one message. False: the call has ended, finish() knows why.
  bool write(std::string_view message);
  // Sends the only or last message and the end of the input.
  bool write_last(std::string_view message);
  // Sends the end of the input.
  void writes_done();

  // Whether read() would return at once, waiting for that up to `wait`.
  bool read_ready(absl::Duration wait);
  // The next message; nullopt: there is none, finish() knows why.
  std::optional<std::string> read();

  // Waits for the end and returns how the call ended. Messages not read are dropped.
  absl::Status finish();
  // Ends the call as soon as may be; those who wait in it return.
  void cancel();

 private:
  class Reactor;
  std::unique_ptr<Reactor> reactor_;
};

}  // namespace novelo::client

#endif  // NOVELO_CLIENT_SRC_BYTE_CALL_H_
