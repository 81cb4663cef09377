// Submits many jobs of one task at once, waits for all and forgets them: job_load ADDRESS TASK INPUT_JSON COUNT. Prints
// how they ended, a line a state; exit code 0 when every job succeeded. Used by jobs_test.py.
#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "novelo/v1/job.grpc.pb.h"

namespace {

using novelo::v1::Job;
using novelo::v1::JobService;

// Runs `start` for each index, at most `in_flight_max` unfinished at a time; returns when all have finished. `start`
// gets what to call when its call has ended.
void for_each_concurrently(std::size_t count, std::size_t in_flight_max,
                           const std::function<void(std::size_t, std::function<void()>)>& start) {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t in_flight = 0;
  std::unique_lock lock(mutex);
  for (std::size_t index = 0; index < count; ++index) {
    changed.wait(lock, [&] { return in_flight < in_flight_max; });
    ++in_flight;
    lock.unlock();
    start(index, [&] {
      const std::lock_guard guard(mutex);
      --in_flight;
      changed.notify_one();
    });
    lock.lock();
  }
  changed.wait(lock, [&] { return in_flight == 0; });
}

// One call per job: its request, its answer and its end, all alive until the call has ended.
template <class Request, class Response>
struct Call {
  grpc::ClientContext context;
  Request request;
  Response response;
  grpc::Status status;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: job_load ADDRESS TASK INPUT_JSON COUNT\n");
    return 2;
  }
  const std::string task = argv[2];
  const std::string input = argv[3];
  const std::size_t count = std::strtoul(argv[4], nullptr, 10);
  const auto stub = JobService::NewStub(grpc::CreateChannel(argv[1], grpc::InsecureChannelCredentials()));
  std::map<std::string, std::size_t> ends;

  std::vector<Call<novelo::v1::SubmitJobRequest, Job>> submits(count);
  for_each_concurrently(count, 256, [&](std::size_t index, const std::function<void()>& done) {
    auto& call = submits[index];
    call.request.set_task(task);
    call.request.set_input_json(input);
    stub->async()->SubmitJob(&call.context, &call.request, &call.response, [&call, done](grpc::Status status) {
      call.status = std::move(status);
      done();
    });
  });

  std::vector<Call<novelo::v1::WaitJobRequest, Job>> waits(count);
  for_each_concurrently(count, count, [&](std::size_t index, const std::function<void()>& done) {
    auto& call = waits[index];
    if (!submits[index].status.ok()) {
      call.status = submits[index].status;
      done();
      return;
    }
    call.request.set_id(submits[index].response.id());
    stub->async()->WaitJob(&call.context, &call.request, &call.response, [&call, done](grpc::Status status) {
      call.status = std::move(status);
      done();
    });
  });
  for (const auto& call : waits) {
    if (call.status.ok()) {
      ++ends[novelo::v1::JobState_Name(call.response.state())];
    } else {
      ++ends["call failed: " + call.status.error_message()];
    }
  }

  std::vector<Call<novelo::v1::DeleteJobRequest, google::protobuf::Empty>> deletes(count);
  for_each_concurrently(count, 256, [&](std::size_t index, const std::function<void()>& done) {
    auto& call = deletes[index];
    call.request.set_id(submits[index].response.id());
    stub->async()->DeleteJob(&call.context, &call.request, &call.response, [&call, done](grpc::Status status) {
      call.status = std::move(status);
      done();
    });
  });
  for (const auto& call : deletes) {
    if (!call.status.ok()) ++ends["not deleted: " + call.status.error_message()];
  }

  for (const auto& [end, number] : ends) std::printf("%zu %s\n", number, end.c_str());
  return ends.size() == 1 && ends.count("JOB_STATE_SUCCEEDED") == 1 ? 0 : 1;
}
