// runtime/src/sched/debugger_table.h
// Where a debugger finds the goroutines of a process, also without debug information: the symbol
// novelo_debugger_table. runtime/gdb/novelo-gdb.py knows its words by their order.
//
//   cost       some hundred bytes; nobody in the process reads it
//   tested     tests/crash/gdb_test.py
#pragma once

#include <cstdint>

namespace novelo::rt {

struct DebuggerTable {
  std::uint64_t version;  // of this list: 2
  const void* scheduler;  // where the pointer to it is, which is null outside a Runtime
  std::uint64_t slabs;    // in the scheduler: the first pointer to a slab of records, and the one past the last
  std::uint64_t slab_records;
  std::uint64_t record_bytes;
  // Where they are in a record.
  std::uint64_t id;
  std::uint64_t state;
  std::uint64_t wait_reason;
  std::uint64_t name;
  std::uint64_t sp;  // of its saved context
  std::uint64_t stack_bottom;
  std::uint64_t created_at;
  std::uint64_t is_cold;  // one byte: its stack is kept as an image
  std::uint64_t cold;     // the pointer to that
  // Where they are in such an image: the address of its first word, their number (two bytes), whether the stack has
  // been put back since (one byte), and a bit for each word that is not zero, before those words.
  std::uint64_t cold_begin;
  std::uint64_t cold_words;
  std::uint64_t cold_state;
  std::uint64_t cold_bits;
  // Of a saved context: its bytes, and the number of the word that is the frame pointer and the return address.
  std::uint64_t context_bytes;
  std::uint64_t frame_pointer;
  std::uint64_t return_address;
  // By number.
  const char* const* state_names;
  const char* const* reason_names;
};

}  // namespace novelo::rt
