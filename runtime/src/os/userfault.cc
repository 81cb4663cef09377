// userfaultfd. Rejected: write-protecting a page, copying it and dropping it, which takes two flushes of the
// processors' address caches more than to move it, and loses what a device writes there meanwhile; and SIGBUS instead
// of a thread that is told, where a system call that touches the page fails with EFAULT.
#include "os/userfault.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/check.h"

namespace novelo::rt {
namespace {

// Linux 6.8; older headers lack the names.
constexpr std::uint64_t kFeatureMove = std::uint64_t{1} << 16;  // UFFD_FEATURE_MOVE
struct MoveRequest {                                            // struct uffdio_move
  std::uint64_t to;
  std::uint64_t from;
  std::uint64_t bytes;
  std::uint64_t mode;
  std::int64_t moved;
};
constexpr unsigned long kMove = _IOWR(UFFDIO, 0x05, MoveRequest);  // UFFDIO_MOVE

std::uint64_t number(const void* address) noexcept {
  return reinterpret_cast<std::uintptr_t>(address);
}

// Asks until it is not for the moment alone that the kernel refuses.
template <class Request>
bool asked(int fd, unsigned long what, Request& request) noexcept {
  for (;;) {
    if (ioctl(fd, what, &request) == 0) return true;
    if (errno != EAGAIN) return false;
  }
}

}  // namespace

Userfault::~Userfault() {
  if (fault_fd_ >= 0) close(fault_fd_);
  if (stop_fd_ >= 0) close(stop_fd_);
}

bool Userfault::open() noexcept {
  if (sysconf(_SC_PAGESIZE) != static_cast<long>(kFaultPageBytes)) return false;
  const auto fd = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
  if (fd < 0) return false;
  uffdio_api api{.api = UFFD_API, .features = kFeatureMove, .ioctls = 0};
  const int stop = ioctl(fd, UFFDIO_API, &api) == 0 ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
  if (stop < 0) {
    close(fd);
    return false;
  }
  fault_fd_ = fd;
  stop_fd_ = stop;
  return true;
}

bool Userfault::watch(void* address, std::size_t bytes) noexcept {
  uffdio_register request{{number(address), bytes}, UFFDIO_REGISTER_MODE_MISSING, 0};
  return ioctl(fault_fd_, UFFDIO_REGISTER, &request) == 0;
}

void Userfault::unwatch(void* address, std::size_t bytes) noexcept {
  uffdio_range range{number(address), bytes};
  ioctl(fault_fd_, UFFDIO_UNREGISTER, &range);
}

bool Userfault::move_page(void* to, const void* from) noexcept {
  constexpr int kTries = 3;  // the kernel may be at the page itself
  for (int i = 0; i < kTries; ++i) {
    MoveRequest request{number(to), number(from), kFaultPageBytes, 0, 0};
    if (ioctl(fault_fd_, kMove, &request) == 0) return true;
    if (errno != EAGAIN) return false;
  }
  return false;
}

void Userfault::put_page(void* address, const void* content) noexcept {
  uffdio_copy request{number(address), number(content), kFaultPageBytes, 0, 0};
  if (asked(fault_fd_, UFFDIO_COPY, request)) return;
  if (errno != EEXIST) {
    fatal("the system refuses to put back the stack of a goroutine that has waited for long: %s",
          strerrordesc_np(errno));
  }
  uffdio_range range{number(address), kFaultPageBytes};
  ioctl(fault_fd_, UFFDIO_WAKE, &range);
}

void Userfault::put_zeros(void* address) noexcept {
  uffdio_zeropage request{{number(address), kFaultPageBytes}, 0, 0};
  if (asked(fault_fd_, UFFDIO_ZEROPAGE, request)) return;
  uffdio_range range{number(address), kFaultPageBytes};
  ioctl(fault_fd_, UFFDIO_WAKE, &range);  // it is there, or not watched any more; else who is held comes again
}

std::uintptr_t Userfault::wait() noexcept {
  for (;;) {
    pollfd ready[2] = {{fault_fd_, POLLIN, 0}, {stop_fd_, POLLIN, 0}};
    if (poll(ready, 2, -1) < 0 && errno != EINTR) fatal("cannot wait for page faults");
    if (ready[1].revents != 0) return 0;
    uffd_msg message;
    if (ready[0].revents == 0 || read(fault_fd_, &message, sizeof message) != sizeof message) continue;
    if (message.event != UFFD_EVENT_PAGEFAULT) continue;
    return message.arg.pagefault.address / kFaultPageBytes * kFaultPageBytes;
  }
}

void Userfault::stop() noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(write(stop_fd_, &one, sizeof one));
}

}  // namespace novelo::rt
