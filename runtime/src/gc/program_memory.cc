// By /proc/self/maps, less what is set apart, and of that the pages that /proc/self/pagemap knows as touched. What is
// read here is copied by the kernel: a mapping may go at any time.
#include "gc/program_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/atomic.h"
#include "heap/kept_object.h"
#include "os/vm.h"

namespace novelo::rt {
namespace {

template <class T>
using Kept = std::vector<T, KeptAllocator<T>>;

constexpr std::size_t kPiecePages = 16;
#if defined(NOVELO_TSAN) || defined(NOVELO_ASAN)
constexpr std::uintptr_t kMappingBytesMax = std::uintptr_t{1} << 30;  // what is larger is the sanitizer's
#else
constexpr std::uintptr_t kMappingBytesMax = ~std::uintptr_t{0};
#endif

class File {
 public:
  explicit File(const char* path) noexcept : descriptor_(open(path, O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // True: `to` was filled.
  bool read_at(std::uint64_t offset, std::span<std::uint64_t> to) const noexcept {
    const auto wanted = static_cast<ssize_t>(to.size_bytes());
    return descriptor_ >= 0 && pread(descriptor_, to.data(), to.size_bytes(), static_cast<off_t>(offset)) == wanted;
  }
  bool read_all(Kept<char>& text) const {
    if (descriptor_ < 0) return false;
    std::size_t size = 0;
    for (;;) {
      text.resize(size + (std::size_t{64} << 10));
      const ssize_t got = read(descriptor_, text.data() + size, text.size() - size);
      if (got < 0) return false;
      size += static_cast<std::size_t>(got);
      if (got == 0) break;
    }
    text.resize(size);
    return true;
  }

 private:
  const int descriptor_;
};

// A line: "7f1c20000000-7f1c20021000 rw-p 00000000 00:00 0 ...". Private, and to be written: else empty.
VmRange mapping_of(std::string_view line) noexcept {
  VmRange range;
  const char* const end = line.data() + line.size();
  const auto begun = std::from_chars(line.data(), end, range.begin, 16);
  if (begun.ec != std::errc() || begun.ptr == end) return {};
  const auto ended = std::from_chars(begun.ptr + 1, end, range.end, 16);
  if (ended.ec != std::errc() || end - ended.ptr < 5) return {};
  if (ended.ptr[1] != 'r' || ended.ptr[2] != 'w' || ended.ptr[4] != 'p') return {};
  return range.end - range.begin > kMappingBytesMax ? VmRange{} : range;
}

class Reader {
 public:
  explicit Reader(absl::FunctionRef<void(const void* from, const void* to)> visit)
      : visit_(visit), copy_(kPiecePages * page_bytes_) {}

  void read(VmRange range) {
    range_ = range;
    std::array<std::uint64_t, kPiecePages> touched;
    for (std::uintptr_t at = range.begin / page_bytes_ * page_bytes_; at < range.end;) {
      const std::size_t pages = std::min<std::size_t>((range.end - at + page_bytes_ - 1) / page_bytes_, kPiecePages);
      const std::span<std::uint64_t> entries(touched.data(), pages);
      if (!pagemap_.read_at(at / page_bytes_ * sizeof(std::uint64_t), entries)) std::ranges::fill(entries, kTouched);
      for (std::size_t i = 0; i < pages;) {
        std::size_t end = i;
        while (end < pages && (touched[end] & kTouched) != 0) ++end;
        if (end > i) read_pages(at + i * page_bytes_, end - i);
        i = end + 1;
      }
      at += pages * page_bytes_;
    }
  }

 private:
  static constexpr std::uint64_t kTouched = std::uint64_t{3} << 62;  // present, or swapped out

  void read_pages(std::uintptr_t from, std::size_t pages) {
    const std::size_t bytes = pages * page_bytes_;
    if (vm_read(reinterpret_cast<const void*>(from), copy_.data(), bytes)) {
      // A range may begin and end inside a page.
      const std::size_t first = range_.begin > from ? range_.begin - from : 0;
      const std::size_t last = std::min<std::size_t>(range_.end - from, bytes);
      visit_(copy_.data() + first, copy_.data() + last);
    } else if (pages > 1) {
      for (std::size_t i = 0; i < pages; ++i) read_pages(from + i * page_bytes_, 1);
    }
  }

  absl::FunctionRef<void(const void* from, const void* to)> visit_;
  const std::size_t page_bytes_ = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const File pagemap_{"/proc/self/pagemap"};
  VmRange range_;
  Kept<char> copy_;
};

}  // namespace

bool look_through_program_memory(absl::FunctionRef<void(const void* from, const void* to)> visit) {
  Kept<char> maps;
  if (!File("/proc/self/maps").read_all(maps)) return false;
  Kept<VmRange> apart(1024);
  apart.resize(std::min(vm_ranges_set_apart(apart), apart.size()));
  Reader reader(visit);
  auto next_apart = apart.cbegin();
  const std::string_view text(maps.data(), maps.size());
  for (std::size_t line = 0; line < text.size();) {
    const std::size_t end = std::min(text.find('\n', line), text.size());
    VmRange mapping = mapping_of(text.substr(line, end - line));
    line = end + 1;
    while (mapping.begin < mapping.end) {
      while (next_apart != apart.cend() && next_apart->end <= mapping.begin) ++next_apart;
      const bool is_last = next_apart == apart.cend() || next_apart->begin >= mapping.end;
      const std::uintptr_t stop = is_last ? mapping.end : std::max(next_apart->begin, mapping.begin);
      if (stop > mapping.begin) reader.read({mapping.begin, stop});
      mapping.begin = is_last ? mapping.end : std::min(next_apart->end, mapping.end);
    }
  }
  return true;
}

void look_through_touched(const void* begin, const void* end,
                          absl::FunctionRef<void(const void* from, const void* to)> visit) {
  Reader(visit).read({reinterpret_cast<std::uintptr_t>(begin), reinterpret_cast<std::uintptr_t>(end)});
}

}  // namespace novelo::rt
