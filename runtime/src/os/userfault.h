// runtime/src/os/userfault.h
// Memory that is not there until somebody touches it: the kernel holds whoever does, and says where.
//
//   who        ColdStacks
//   may        be used only where the kernel's own touches are held too, as when a system call copies into a buffer
//              there: that takes CAP_SYS_PTRACE, or vm.unprivileged_userfaultfd=1
//   cost       system calls: 1 to 3 us
//   invariants whoever is held goes on when there is a page, or nobody watches its place any more
//   tested     tests/unit/os/userfault_test.cc
#pragma once

#include <cstddef>
#include <cstdint>

namespace novelo::rt {

inline constexpr std::size_t kFaultPageBytes = 4096;

class Userfault {
 public:
  Userfault() = default;
  ~Userfault();
  Userfault(const Userfault&) = delete;
  Userfault& operator=(const Userfault&) = delete;

  // Once. False: the system has none of that kind. It takes Linux 6.8 and pages of kFaultPageBytes.
  bool open() noexcept;
  bool is_open() const noexcept { return fault_fd_ >= 0; }

  // From now on those are held who touch a page of the range that has no memory. What is not told to wait() is waited
  // for for ever. False, and nothing is watched, where the system has no means left.
  bool watch(void* address, std::size_t bytes) noexcept;
  void unwatch(void* address, std::size_t bytes) noexcept;

  // Moves the memory of the page at `from` to the one at `to`, which has none and is watched, at one instant: who
  // touches `from` afterwards is held, if that is watched. False, and nothing changed: there is no memory, or it is
  // lent to a device, or shared with another process.
  bool move_page(void* to, const void* from) noexcept;
  // Gives a watched page memory with that content, unless it has some already, and lets everybody go on. The process
  // ends when there is no memory.
  void put_page(void* address, const void* content) noexcept;
  void put_zeros(void* address) noexcept;

  // The page that somebody is held at; 0 after stop(). One thread at a time.
  std::uintptr_t wait() noexcept;
  void stop() noexcept;

 private:
  int fault_fd_ = -1;
  int stop_fd_ = -1;
};

}  // namespace novelo::rt
