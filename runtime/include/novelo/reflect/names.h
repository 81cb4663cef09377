// novelo/reflect/names.h
// Names the compiler knows, taken from the text it gives a function about its own template arguments.
//
//   used by     novelo/reflect/describe.h and novelo/task.h; everything is evaluated while compiling
//   compilers   g++ from 12, clang from 15: they spell __PRETTY_FUNCTION__ differently, and only this file knows how
//   checked by  tests/unit/reflect/type_test.cc
#pragma once

#include <string>
#include <string_view>

namespace novelo::reflect::internal {

// "... [with auto kSubject = text::word_count; std::string_view = ...]" and "... [kSubject = &text::word_count]": what
// stands between the sign and the end of the argument.
constexpr std::string_view subject_in(std::string_view pretty) {
  constexpr std::string_view kMark = "Subject = ";
  const std::size_t start = pretty.find(kMark) + kMark.size();
  int depth = 0;
  for (std::size_t i = start; i < pretty.size(); ++i) {
    const char c = pretty[i];
    if (c == '<' || c == '(' || c == '{' || c == '[') ++depth;
    if (c == '>' || c == ')' || c == '}') --depth;
    if (c == ']' && depth-- == 0) return pretty.substr(start, i - start);
    if (c == ';' && depth == 0) return pretty.substr(start, i - start);
  }
  return pretty.substr(start);
}

constexpr bool is_identifier_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The identifier `text` ends with, brackets behind it aside: "(& object<T>.Holder<T>::value.T::count)" -> "count".
constexpr std::string_view last_identifier(std::string_view text) {
  while (!text.empty() && !is_identifier_char(text.back())) text.remove_suffix(1);
  std::size_t start = text.size();
  while (start > 0 && is_identifier_char(text[start - 1])) --start;
  return text.substr(start);
}

template <class Subject>
constexpr std::string_view raw_type_name() {
  return subject_in(__PRETTY_FUNCTION__);
}

template <auto Subject>
constexpr std::string_view raw_value_name() {
  return subject_in(__PRETTY_FUNCTION__);
}

// The qualified name without what compilers write for an unnamed namespace and for the address of.
std::string clean_name(std::string_view raw);

// Empty when no enumerator has the value: compilers then write "(text::Color)5".
template <auto Subject>
constexpr std::string_view enumerator_name() {
  constexpr std::string_view kRaw = raw_value_name<Subject>();
  // clang writes an enumerator of an unnamed namespace "(anonymous namespace)::Color::kRed".
  if (kRaw.starts_with('(') && !kRaw.starts_with("(anonymous namespace)")) return {};
  const char first = kRaw.front();
  if ((first >= '0' && first <= '9') || first == '-') return {};
  return last_identifier(kRaw);
}

}  // namespace novelo::reflect::internal
