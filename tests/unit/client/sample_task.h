// tests/unit/client/sample_task.h
// Tasks as a server describes them, with fields of every kind, made from .proto text.
#ifndef NOVELO_TESTS_UNIT_CLIENT_SAMPLE_TASK_H_
#define NOVELO_TESTS_UNIT_CLIENT_SAMPLE_TASK_H_

#include <memory>
#include <string>
#include <vector>

#include "novelo/v1/task.pb.h"
#include "task_schema.h"

namespace novelo::testing {

// text.word_count (unary), text.grep (server streaming), text.sum (client streaming), text.upper (bidi), net.dial.
std::vector<v1::Task> sample_tasks();
std::shared_ptr<const client::TaskSchema> sample_schema(const std::string& task = "text.word_count");

}  // namespace novelo::testing

#endif  // NOVELO_TESTS_UNIT_CLIENT_SAMPLE_TASK_H_
