// RWMutex: who is inside with whom, whose turn is next, misuse, cancellation.
#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "support/runtime_fixture.h"

namespace novelo {
namespace {

class RWMutexTest : public testing::RuntimeTest {};
NOVELO_WITH_PROCS(RWMutexTest);

TEST_P(RWMutexTest, ReadersAreInsideTogether) {
  run([] {
    RWMutex mutex;
    const auto all_inside = make_chan<Unit>();
    std::atomic<int> inside{0};
    WaitGroup group;
    for (int i = 0; i < 10; ++i) {
      group.go([&, all_inside] {
        const std::shared_lock guard(mutex);
        if (++inside == 10) all_inside.close();
        all_inside.recv();  // would wait for ever if one kept another out
      });
    }
    group.wait();
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });
}

TEST_P(RWMutexTest, AWriterIsInsideAlone) {
  run([] {
    RWMutex mutex;
    std::atomic<int> readers{0};
    std::atomic<int> writers{0};
    std::atomic<int> wrong{0};
    int written = 0;
    WaitGroup group;
    for (int i = 0; i < 8; ++i) {
      group.go([&, i] {
        for (int n = 0; n < 200; ++n) {
          if ((n + i) % 4 == 0) {
            const std::lock_guard guard(mutex);
            if (++writers != 1 || readers.load() != 0) ++wrong;
            ++written;
            if (n % 16 == 0) yield();
            --writers;
          } else {
            const std::shared_lock guard(mutex);
            ++readers;
            if (writers.load() != 0) ++wrong;
            if (n % 16 == 1) yield();
            --readers;
          }
        }
      });
    }
    group.wait();
    EXPECT_EQ(wrong.load(), 0);
    EXPECT_EQ(written, 8 * 50);
  });
}

TEST_P(RWMutexTest, AWaitingWriterHoldsOffNewReaders) {
  run([] {
    RWMutex mutex;
    std::vector<char> order;
    mutex.lock_shared();
    auto writer = spawn([&] {
      const std::lock_guard guard(mutex);
      order.push_back('w');
    });
    testing::yield_until_waiting(1);
    EXPECT_FALSE(mutex.try_lock_shared());
    auto reader = spawn([&] {
      const std::shared_lock guard(mutex);
      order.push_back('r');
    });
    testing::yield_until_waiting(2);
    mutex.unlock_shared();
    writer.join();
    reader.join();
    EXPECT_EQ(order, (std::vector{'w', 'r'}));
  });
}

TEST_P(RWMutexTest, UnlockLetsInAllWaitingReadersBeforeTheNextWriter) {
  run([] {
    RWMutex mutex;
    const auto all_inside = make_chan<Unit>();
    std::atomic<int> read{0};
    int read_before_the_writer = -1;
    mutex.lock();
    std::vector<JoinHandle<void>> all;
    for (int i = 0; i < 3; ++i) {
      all.push_back(spawn([&, all_inside] {
        const std::shared_lock guard(mutex);
        if (++read == 6) all_inside.close();
        all_inside.recv();
      }));
      testing::yield_until_waiting(all.size());
    }
    all.push_back(spawn([&] {
      const std::lock_guard guard(mutex);
      read_before_the_writer = read.load();
    }));
    testing::yield_until_waiting(4);
    for (int i = 0; i < 3; ++i) {  // readers that came after that writer
      all.push_back(spawn([&, all_inside] {
        const std::shared_lock guard(mutex);
        if (++read == 6) all_inside.close();
        all_inside.recv();
      }));
      testing::yield_until_waiting(all.size());
    }
    mutex.unlock();
    for (auto& one : all) one.join();
    EXPECT_EQ(read_before_the_writer, 6);
  });
}

TEST_P(RWMutexTest, TheTryCallsTakeWhatIsFree) {
  run([] {
    RWMutex mutex;
    ASSERT_TRUE(mutex.try_lock_shared());
    EXPECT_TRUE(mutex.try_lock_shared());
    EXPECT_FALSE(mutex.try_lock());
    mutex.unlock_shared();
    EXPECT_FALSE(mutex.try_lock());
    mutex.unlock_shared();
    ASSERT_TRUE(mutex.try_lock());
    EXPECT_FALSE(mutex.try_lock());
    EXPECT_FALSE(mutex.try_lock_shared());
    mutex.unlock();
    EXPECT_TRUE(mutex.try_lock_shared());
    mutex.unlock_shared();
  });
}

TEST_P(RWMutexTest, MisuseThrowsAndLeavesItUsable) {
  run([] {
    RWMutex mutex;
    EXPECT_THROW(mutex.unlock(), RuntimeError);
    EXPECT_THROW(mutex.unlock_shared(), RuntimeError);
    mutex.lock_shared();
    EXPECT_THROW(mutex.unlock(), RuntimeError);
    mutex.unlock_shared();
    mutex.lock();
    EXPECT_THROW(mutex.unlock_shared(), RuntimeError);
    mutex.unlock();
    EXPECT_THROW(mutex.unlock(), RuntimeError);
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });
}

TEST_P(RWMutexTest, UnlockWhileAWriterWaitsForReadersThrows) {
  run([] {
    RWMutex mutex;
    mutex.lock_shared();
    auto writer = spawn([&mutex] { const std::lock_guard guard(mutex); });
    testing::yield_until_waiting(1);
    EXPECT_THROW(mutex.unlock(), RuntimeError);
    mutex.unlock_shared();
    writer.join();
  });
}

TEST_P(RWMutexTest, ACancelledWriterLetsInTheReadersItHeldOff) {
  run([] {
    RWMutex mutex;
    mutex.lock_shared();
    auto writer = spawn([&mutex] { const std::lock_guard guard(mutex); });
    testing::yield_until_waiting(1);
    auto reader = spawn([&mutex] { const std::shared_lock guard(mutex); });
    testing::yield_until_waiting(2);
    writer.cancel();
    EXPECT_THROW(writer.join(), JoinCancelled);
    reader.join();  // though the first reader is still inside
    EXPECT_TRUE(mutex.try_lock_shared());
    mutex.unlock_shared();
    mutex.unlock_shared();
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });
}

TEST_P(RWMutexTest, ACancelledReaderLeavesNoTrace) {
  run([] {
    RWMutex mutex;
    mutex.lock();
    auto reader = spawn([&mutex] { const std::shared_lock guard(mutex); });
    testing::yield_until_waiting(1);
    reader.cancel();
    EXPECT_THROW(reader.join(), JoinCancelled);
    mutex.unlock();
    EXPECT_TRUE(mutex.try_lock());
    mutex.unlock();
  });
}

TEST_P(RWMutexTest, CancelAgainstUnlockLosesNoLock) {
  run([] {
    for (int round = 0; round < 300; ++round) {
      RWMutex mutex;
      mutex.lock_shared();
      auto writer = spawn([&mutex] { const std::lock_guard guard(mutex); });
      testing::yield_until_waiting(1);
      auto reader = spawn([&mutex] { const std::shared_lock guard(mutex); });
      testing::yield_until_waiting(2);
      auto canceller = spawn([&] { (round % 2 == 0 ? writer : reader).cancel(); });
      mutex.unlock_shared();
      canceller.join();
      for (auto* handle : {&writer, &reader}) {
        try {
          handle->join();
        } catch (const JoinCancelled&) {
        }
      }
      ASSERT_TRUE(mutex.try_lock()) << "round " << round;
      mutex.unlock();
    }
  });
}

TEST_P(RWMutexTest, ForeignThreadsReadAndWrite) {
  run_with_foreign_threads([] {
    RWMutex mutex;
    int value = 0;
    std::thread foreign([&] {
      for (int i = 0; i < 500; ++i) {
        {
          const std::lock_guard guard(mutex);
          ++value;
        }
        const std::shared_lock guard(mutex);
        EXPECT_GT(value, 0);
      }
    });
    for (int i = 0; i < 500; ++i) {
      const std::lock_guard guard(mutex);
      ++value;
    }
    blocking([&foreign] { foreign.join(); });
    EXPECT_EQ(value, 1000);
  });
}

}  // namespace
}  // namespace novelo
