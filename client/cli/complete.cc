// client/cli/complete.cc
// The words before the cursor are read as parse.cc reads them, but nothing is an error: half a command line is the
// usual case here.
#include "complete.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "commands.h"
#include "field_value.h"
#include "job_view.h"
#include "parse.h"
#include "task_flags.h"

namespace novelo::cli {
namespace {

constexpr int kJobsMax = 50;  // jobs offered: the newest

class Completer {
 public:
  Completer(Session& session, const std::vector<std::string>& words) : session_(session) {
    if (words.empty()) return;
    current_ = words.back();
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      const bool is_last = i + 2 == words.size();
      if (take_flag(words[i], is_last ? nullptr : &words[i + 1])) ++i;
    }
  }

  std::vector<Candidate> run() {
    const std::size_t equals = current_.find('=');
    if (absl::StartsWith(current_, "--") && equals != std::string::npos) {
      value_of_ = current_.substr(2, equals - 2);
      const std::string prefix = current_.substr(0, equals + 1);
      current_.erase(0, equals + 1);
      add_values();
      for (Candidate& candidate : found_) candidate.text.insert(0, prefix);
      return std::move(found_);
    }
    if (!value_of_.empty()) {
      add_values();
    } else if (absl::StartsWith(current_, "-")) {
      add_flags();
    } else {
      add_words();
    }
    return std::move(found_);
  }

 private:
  // Takes in a word before the cursor. True when `next`, too, was taken as its value.
  bool take_flag(const std::string& word, const std::string* next) {
    if (word.size() < 2 || word.front() != '-') {
      take_word(word);
      return false;
    }
    const std::size_t equals = word.find('=');
    const std::string name = word[1] == '-' ? word.substr(2, equals == std::string::npos ? equals : equals - 2) : "";
    std::string long_name = name;
    bool takes_value = false;
    for (const Flag& flag : flags()) {
      if (flag.name != name && (flag.letter == 0 || word != std::string("-") + flag.letter)) continue;
      long_name = flag.name;
      takes_value = !flag.value.empty();
    }
    const bool is_field = !takes_value && verb_ != nullptr && verb_->takes_fields && !words_.empty() && !name.empty();
    if (is_field) takes_value = field_takes_value(name);
    if (!takes_value || equals != std::string::npos) {
      if (long_name == "address" && equals != std::string::npos) address_ = word.substr(equals + 1);
      return false;
    }
    if (next == nullptr) {
      value_of_ = long_name;
      return false;
    }
    if (long_name == "address") address_ = *next;
    return true;
  }

  void take_word(const std::string& word) {
    if (noun_ == nullptr) {
      noun_ = find_noun(word);
      if (noun_ != nullptr && noun_->is_verb()) verb_ = &noun_->verbs.front();
      is_lost_ = noun_ == nullptr;
    } else if (verb_ == nullptr) {
      verb_ = find_verb(*noun_, word);
      is_lost_ = verb_ == nullptr;
    } else {
      words_.push_back(word);
    }
  }

  std::vector<Flag> flags() const { return verb_ == nullptr ? global_flags() : own_flags(*verb_); }

  void add(const std::string& text, const std::string& doc) {
    if (absl::StartsWith(text, current_)) found_.push_back({text, doc});
  }

  void add_flags() {
    if (is_lost_) return;
    for (const TaskFlag& flag : fields()) add("--" + flag.name, flag_doc(*schema_, flag));
    for (const Flag& flag : flags()) add("--" + flag.name, flag.doc);
  }

  void add_words() {
    if (is_lost_) return;
    if (noun_ == nullptr) {
      for (const Noun& noun : nouns()) {
        if (!noun.is_hidden) add(noun.name, noun.summary);
      }
    } else if (verb_ == nullptr) {
      for (const Verb& verb : noun_->verbs) add(verb.name, verb.summary);
    } else if (!verb_->arguments.empty()) {
      const bool is_beyond = words_.size() >= verb_->arguments.size();
      const Argument& argument = is_beyond ? verb_->arguments.back() : verb_->arguments[words_.size()];
      if (!is_beyond || argument.is_repeatable) add_meaning(argument.meaning);
      if (is_beyond && verb_->takes_fields) add_flags();
    }
  }

  void add_values() {
    for (const Flag& flag : flags()) {
      if (flag.name != value_of_) continue;
      for (const std::string& choice : flag.choices) add(choice, "");
      add_meaning(flag.meaning);
      return;
    }
    for (const TaskFlag& flag : fields()) {
      if (flag.name != value_of_) continue;
      for (const std::string& choice : value_choices(*flag.field)) add(choice, "");
    }
  }

  void add_meaning(Meaning meaning) {
    if (meaning == Meaning::kNoun) {
      for (const Noun& noun : nouns()) {
        if (!noun.is_hidden) add(noun.name, noun.summary);
      }
    } else if (meaning == Meaning::kShell) {
      for (const char* shell : {"bash", "zsh", "fish"}) add(shell, "");
    } else if (meaning == Meaning::kTask && connect()) {
      v1::ListTasksRequest request;
      request.set_prefix(current_);
      request.set_page_size(1000);
      v1::ListTasksResponse reply;
      const auto context = session_.question();
      if (!session_.tasks()->ListTasks(context.get(), request, &reply).ok()) return;
      for (const v1::Task& task : reply.tasks()) add(task.name(), task.doc());
    } else if (meaning == Meaning::kJob && connect()) {
      v1::ListJobsRequest request;
      request.set_page_size(kJobsMax);
      v1::ListJobsResponse reply;
      const auto context = session_.question();
      if (!session_.jobs()->ListJobs(context.get(), request, &reply).ok()) return;
      for (const v1::Job& job : reply.jobs()) add(job.id(), absl::StrCat(job.task(), " ", state_name(job.state())));
    }
  }

  // The flags of the named task's fields; none when its server does not answer.
  std::vector<TaskFlag> fields() {
    if (verb_ == nullptr || !verb_->takes_fields || words_.empty()) return {};
    if (schema_ == nullptr && connect()) {
      const auto schema = session_.schema(words_.front());
      if (schema.ok()) schema_ = *schema;
    }
    if (schema_ == nullptr) return {};
    return task_flags(schema_->input(), own_flags(*verb_));
  }

  bool field_takes_value(const std::string& name) {
    for (const TaskFlag& flag : fields()) {
      const bool is_switch =
          flag.field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_BOOL && !flag.field->is_repeated();
      if (flag.name == name) return !is_switch;
    }
    return false;
  }

  bool connect() {
    if (session_.channel() != nullptr) return true;
    Arguments arguments;
    arguments.flags["timeout"] = {kCompletionTimeout};
    if (!address_.empty()) arguments.flags["address"] = {address_};
    return session_.configure(arguments).ok() && session_.connect().ok();
  }

  Session& session_;
  std::string current_;
  const Noun* noun_ = nullptr;
  const Verb* verb_ = nullptr;
  bool is_lost_ = false;            // a noun or verb that is none: nothing can be known of what follows
  std::vector<std::string> words_;  // the verb's arguments
  std::string value_of_;            // the flag whose value is at the cursor
  std::string address_;
  std::shared_ptr<const client::TaskSchema> schema_;
  std::vector<Candidate> found_;
};

// bash breaks words at '=' too: "--output", "=", "js".
std::vector<std::string> joined_at_equals(const std::vector<std::string>& words) {
  std::vector<std::string> joined;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] != "=" || joined.empty()) {
      joined.push_back(words[i]);
      continue;
    }
    joined.back() += '=';
    if (i + 1 < words.size()) joined.back() += words[++i];
  }
  return joined;
}

ExitCode run_complete(Session& session, const Arguments& arguments) {
  std::vector<std::string> words(arguments.positional.begin() + 1, arguments.positional.end());
  const bool is_bash = arguments.positional.front() == "bash";
  if (is_bash) words = joined_at_equals(words);
  for (Candidate& candidate : candidates(session, words)) {
    const std::size_t equals = candidate.text.find('=');
    if (is_bash && equals != std::string::npos) candidate.text.erase(0, equals + 1);  // what bash calls the word
    session.out() << candidate.text << '\t' << escape(candidate.doc) << '\n';
  }
  return ExitCode::kDone;
}

}  // namespace

std::vector<Candidate> candidates(Session& session, const std::vector<std::string>& words) {
  return Completer(session, words).run();
}

Noun complete_noun() {
  return {.name = "__complete",
          .summary = "Candidates for a shell's completion",
          .verbs = {{.name = "",
                     .summary = "Prints what could stand where the cursor is",
                     .arguments = {{.name = "SHELL"}, {.name = "WORD", .is_optional = true, .is_repeatable = true}},
                     .examples = {"novelo __complete bash -- task li"},
                     .run = run_complete}},
          .is_hidden = true};
}

}  // namespace novelo::cli
