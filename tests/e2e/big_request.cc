// Sends one unary request of a given size, in C++ since no shell tool sends a gigabyte: big_request ADDRESS METHOD
// BYTES. Prints the number of the code it is answered with and the message. The request is made of one page of zeros
// over and over, so that it costs this program no memory. Used by bad_input_test.py.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>
#include <utility>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: big_request ADDRESS METHOD BYTES\n");
    return 2;
  }
  constexpr std::size_t kPiece = 1 << 20;
  const std::size_t bytes = std::strtoull(argv[3], nullptr, 10);
  grpc::ChannelArguments arguments;
  arguments.SetMaxSendMessageSize(-1);
  grpc::GenericStub stub(grpc::CreateCustomChannel(argv[1], grpc::InsecureChannelCredentials(), arguments));

  const grpc::Slice piece(std::string(kPiece, '\0'));
  std::vector<grpc::Slice> pieces;
  for (std::size_t done = 0; done < bytes; done += kPiece) {
    pieces.push_back(bytes - done >= kPiece ? piece : piece.sub(0, bytes - done));
  }
  const grpc::ByteBuffer request(pieces.data(), pieces.size());
  grpc::ByteBuffer response;
  grpc::ClientContext context;
  std::promise<grpc::Status> ended;
  stub.UnaryCall(&context, argv[2], grpc::StubOptions(), &request, &response,
                 [&ended](grpc::Status status) { ended.set_value(std::move(status)); });
  const grpc::Status status = ended.get_future().get();
  std::printf("%d %s\n", status.error_code(), status.error_message().c_str());
  return 0;
}
