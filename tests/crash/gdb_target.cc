// A program for a debugger to look at: a goroutine in each state, told on stdout when they are all there.
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

int main() {
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  novelo::Runtime runtime;
  runtime.run([] {
    auto news = novelo::make_chan<int>();
    novelo::go([news] {
      novelo::set_goroutine_name("reader");
      wait_for_news(news);
    });
    novelo::go([] { nap(); });
    while (novelo::runtime_stats().goroutines_waiting < 2) novelo::yield();
    novelo::blocking([] {
      std::puts("ready");
      std::fflush(stdout);
      pause();
    });
  });
}
