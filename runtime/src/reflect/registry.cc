// The registry is never destroyed: static objects of other files and of shared objects refer to it to the very end.
#include "reflect/registry.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "novelo/reflect.h"
#include "novelo/reflect/wire.h"
#include "novelo/task.h"

namespace novelo {
namespace {

// Calls `visit` for `type` and for every type that a message of it can contain.
void visit_types(const reflect::Type& type, std::set<const reflect::Type*>& seen,
                 const std::function<void(const reflect::Type&)>& visit) {
  if (!seen.insert(&type).second) return;
  visit(type);
  for (const reflect::Field& field : type.fields()) visit_types(field.type(), seen, visit);
  const bool has_element = type.kind() == reflect::Kind::kVector || type.kind() == reflect::Kind::kOptional ||
                           type.kind() == reflect::Kind::kMap;
  if (has_element) visit_types(type.element(), seen, visit);
}

// "the fields are `path`, `top`".
std::string list_of_fields(const reflect::Type& type) {
  std::string list;
  for (const reflect::Field& field : type.fields()) {
    absl::StrAppend(&list, list.empty() ? "" : ", ", "`", std::string(field.name()), "`");
  }
  return list.empty() ? "it has none" : absl::StrCat("its fields are ", list);
}

}  // namespace

Registry& Registry::get() {
  static Registry* const registry = new Registry;  // outlives every static object of every shared object
  return *registry;
}

void Registry::add_task(std::unique_ptr<const Task> task) {
  const rt::LockGuard guard(lock_);
  const auto found = tasks_.find(task->name());
  if (found != tasks_.end()) {
    errors_.push_back(absl::StrCat("task ", found->first, ": registered twice, by ",
                                   std::string(found->second->module()), " and by ", std::string(task->module()),
                                   "; give one function another name"));
    return;
  }
  std::string name(task->name());
  tasks_.emplace(std::move(name), std::move(task));
}

void Registry::add_type_doc(std::string type, std::string_view doc) {
  const rt::LockGuard guard(lock_);
  const auto [at, is_new] = type_docs_.emplace(std::move(type), doc);
  if (!is_new) errors_.push_back(absl::StrCat("NOVELO_TYPE_DOC: ", at->first, " has a doc already"));
}

void Registry::add_field_doc(std::string type, reflect::TypeRef reference, std::string_view field,
                             std::string_view doc) {
  const rt::LockGuard guard(lock_);
  const auto [at, is_new] =
      field_docs_.emplace(FieldName(std::move(type), field), FieldDoc{std::string(doc), reference});
  if (!is_new) {
    errors_.push_back(absl::StrCat("NOVELO_FIELD_DOC: ", at->first.first, ".", at->first.second, " has a doc already"));
  }
}

const Task* Registry::find_task(std::string_view name) const {
  const rt::LockGuard guard(lock_);
  const auto found = tasks_.find(name);
  return found == tasks_.end() ? nullptr : found->second.get();
}

std::vector<const Task*> Registry::tasks() const {
  const rt::LockGuard guard(lock_);
  std::vector<const Task*> all;
  all.reserve(tasks_.size());
  for (const auto& [name, task] : tasks_) all.push_back(task.get());
  return all;
}

std::string_view Registry::type_doc(std::string_view type) const {
  const rt::LockGuard guard(lock_);
  const auto found = type_docs_.find(type);
  return found == type_docs_.end() ? std::string_view() : std::string_view(found->second);
}

std::string_view Registry::field_doc(std::string_view type, std::string_view field) const {
  const FieldName name(type, field);
  const rt::LockGuard guard(lock_);
  const auto found = field_docs_.find(name);
  return found == field_docs_.end() ? std::string_view() : std::string_view(found->second.text);
}

std::vector<std::string> Registry::errors() const {
  std::vector<std::string> errors;
  std::map<FieldName, reflect::TypeRef> docs;
  {
    const rt::LockGuard guard(lock_);
    errors = errors_;
    for (const auto& [name, doc] : field_docs_) docs.emplace(name, doc.type);
  }
  // Describing a type runs its default constructor, which is user code: without the lock.
  for (const auto& [name, reference] : docs) {
    const reflect::Type& type = reference();
    if (type.field(name.second) != nullptr) continue;
    errors.push_back(
        absl::StrCat("NOVELO_FIELD_DOC: ", name.first, " has no field `", name.second, "`; ", list_of_fields(type)));
  }
  std::set<const reflect::Type*> seen;
  std::map<std::string, const reflect::Type*, std::less<>> names;
  for (const Task* task : tasks()) {
    for (const reflect::Type* type : {&task->input(), &task->output()}) {
      if (const absl::Status status = reflect::check_wire_form(*type); !status.ok()) {
        errors.push_back(absl::StrCat("task ", std::string(task->name()), ": ",
                                      std::string(status.message().data(), status.message().size())));
      }
      visit_types(*type, seen, [&](const reflect::Type& reached) {
        if (reached.kind() != reflect::Kind::kStruct && reached.kind() != reflect::Kind::kEnum) return;
        const auto [at, is_new] = names.emplace(reached.name(), &reached);
        if (is_new || at->second == &reached) return;
        errors.push_back(absl::StrCat("task ", std::string(task->name()), ": another type is called ", at->first,
                                      " too; the types of tasks need names of their own"));
      });
    }
  }
  return errors;
}

namespace reflect::internal {

bool add_type_doc(std::string type_name, std::string_view doc) {
  Registry::get().add_type_doc(std::move(type_name), doc);
  return true;
}

bool add_field_doc(std::string type_name, TypeRef type, std::string_view field, std::string_view doc) {
  Registry::get().add_field_doc(std::move(type_name), type, field, doc);
  return true;
}

}  // namespace reflect::internal
}  // namespace novelo
