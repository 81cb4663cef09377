// client/cli/reply_view.h
// A task's reply for people, whatever its type: a repeated message becomes a table, what stands beside it "key: value"
// lines. Works on any message by reflection; pure. Tested in tests/unit/client/reply_view_test.cc.
#ifndef NOVELO_CLIENT_CLI_REPLY_VIEW_H_
#define NOVELO_CLIENT_CLI_REPLY_VIEW_H_

#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "view.h"

namespace novelo::cli {

View reply_view(const google::protobuf::Message& reply);

// The columns and cells of one message of a stream.
std::vector<Column> reply_columns(const google::protobuf::Descriptor& type);
std::vector<std::string> reply_cells(const google::protobuf::Message& message);

// One field as a cell: times in RFC 3339, durations "1.5s", lists joined by commas, messages as JSON; "" when absent.
std::string field_text(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field);

}  // namespace novelo::cli

#endif  // NOVELO_CLIENT_CLI_REPLY_VIEW_H_
