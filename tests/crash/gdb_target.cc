// A program for a debugger to look at: a goroutine in each state, told on stdout when they are all there. With an
// argument, many that have waited for so long that their stacks are kept without memory; it tells how many, then.
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>

#include "novelo/novelo.h"

namespace {

[[gnu::noinline]] void wait_for_news(const novelo::Chan<int>& news) {
  news.recv();
  std::puts("news");
}

[[gnu::noinline]] void nap() {
  novelo::sleep(absl::Hours(1));
  std::puts("awake");
}

}  // namespace

namespace {

void tell_and_pause(const char* what, std::uint64_t number) {
  novelo::blocking([=] {
    std::printf("%s %llu\n", what, static_cast<unsigned long long>(number));
    std::fflush(stdout);
    pause();
  });
}

void show_each_state() {
  auto news = novelo::make_chan<int>();
  novelo::go([news] {
    novelo::set_goroutine_name("reader");
    wait_for_news(news);
  });
  novelo::go([] { nap(); });
  while (novelo::runtime_stats().goroutines_waiting < 2) novelo::yield();
  tell_and_pause("ready", 2);
}

void show_compact_stacks() {
  constexpr std::uint64_t kSize = 500;
  auto news = novelo::make_chan<int>();
  for (std::uint64_t i = 0; i < kSize; ++i) novelo::go([news] { wait_for_news(news); });
  while (novelo::runtime_stats().goroutines_waiting < kSize) novelo::yield();
  novelo::sleep(absl::Milliseconds(1100));  // a wait is long after a second
  for (int i = 0; i < 5; ++i) novelo::gc::collect();
  tell_and_pause("ready", novelo::runtime_stats().stacks_compacted);
}

}  // namespace

int main(int arguments, char**) {
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  novelo::Runtime runtime;
  runtime.run([arguments] { arguments > 1 ? show_compact_stacks() : show_each_state(); });
}
