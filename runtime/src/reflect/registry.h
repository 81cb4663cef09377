// runtime/src/reflect/registry.h
// What the registration macros said, for the life of the process: tasks, docs, and what was wrong with them.
//
//   filled      by static initialisers, at start-up and while a shared object is loaded; nothing is ever removed, so
//               the views and pointers handed out stay valid
//   callable    from any thread and goroutine; a lock is held for a map look-up, never while user code runs
//   checked by  tests/unit/reflect/task_test.cc
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/lock.h"
#include "novelo/reflect/type.h"

namespace novelo {

class Task;

class Registry {
 public:
  static Registry& get();

  void add_task(std::unique_ptr<const Task> task);
  void add_type_doc(std::string type, std::string_view doc);
  void add_field_doc(std::string type, reflect::TypeRef reference, std::string_view field, std::string_view doc);

  const Task* find_task(std::string_view name) const;
  std::vector<const Task*> tasks() const;
  std::string_view type_doc(std::string_view type) const;
  std::string_view field_doc(std::string_view type, std::string_view field) const;

  // Checks what could not be checked while static initialisers still run: fields of docs, wire forms of tasks.
  std::vector<std::string> errors() const;

 private:
  struct FieldDoc {
    std::string text;
    reflect::TypeRef type;
  };
  using FieldName = std::pair<std::string, std::string>;  // struct, field

  mutable rt::Lock<rt::LockRank::kRegistry> lock_;
  std::map<std::string, std::unique_ptr<const Task>, std::less<>> tasks_ NOVELO_GUARDED_BY(lock_);
  std::map<std::string, std::string, std::less<>> type_docs_ NOVELO_GUARDED_BY(lock_);
  std::map<FieldName, FieldDoc> field_docs_ NOVELO_GUARDED_BY(lock_);
  std::vector<std::string> errors_ NOVELO_GUARDED_BY(lock_);
};

}  // namespace novelo
