// A program outside the tree: what it includes and links is all that a user of the runtime has. Two goroutines and a
// channel; exit code 0 when the sum is right. Built and run by tests/run.sh, stages install and subdirectory.
#include <novelo/novelo.h>

#include <cstdio>

int main() {
  const int sum = novelo::run([] {
    novelo::Chan<int> numbers = novelo::make_chan<int>(4);
    novelo::go([numbers] {
      for (int n = 1; n <= 100; ++n) numbers.send(n);
      numbers.close();
    });
    int total = 0;
    for (const int n : numbers) total += n;
    return total;
  });
  std::printf("sum %d\n", sum);
  return sum == 5050 ? 0 : 1;
}
