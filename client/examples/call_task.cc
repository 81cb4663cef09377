// client/examples/call_task.cc
// Lists the tasks of a novelod, runs one now, runs it again as a job, and prints both answers. Built and run by the
// tests.
//
//   call_task [ADDRESS [TASK [JSON]]]
#include <iostream>
#include <string>

#include "novelo/client.h"

int main(int argc, char** argv) {
  const std::string address = argc > 1 ? argv[1] : "127.0.0.1:7570";
  const std::string task = argc > 2 ? argv[2] : "text.word_count";
  const std::string json = argc > 3 ? argv[3] : R"({"path": "/usr/share/common-licenses", "top": 3})";
  const auto fail = [](const absl::Status& status) {
    std::cerr << status << '\n';
    return 1;
  };

  auto client = novelo::Client::connect(address);
  if (!client.ok()) return fail(client.status());

  const auto tasks = client->tasks();
  if (!tasks.ok()) return fail(tasks.status());
  for (const novelo::TaskInfo& info : *tasks) std::cout << "task " << info.name << ": " << info.doc << '\n';

  const auto reply = client->call(task, json, {.timeout = absl::Seconds(30)});
  if (!reply.ok()) return fail(reply.status());
  std::cout << "call " << *reply << '\n';

  const auto submitted = client->submit(task, json, {.max_attempts = 3});
  if (!submitted.ok()) return fail(submitted.status());
  const auto job = client->wait(submitted->id, absl::Seconds(30));
  if (!job.ok()) return fail(job.status());
  if (!job->error.ok()) return fail(job->error);
  for (const std::string& result : job->results) std::cout << "job " << result << '\n';
  return 0;
}
