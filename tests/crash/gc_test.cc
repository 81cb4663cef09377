// Debug builds end a program that keeps a gc::Ptr where it keeps nothing alive, and say what to do.
#include "novelo/gc.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <vector>

#include "novelo/novelo.h"

#if defined(NOVELO_GC_CHECKS)
namespace novelo {
namespace {

class GcDeathTest : public ::testing::Test {
 protected:
  GcDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(GcDeathTest, AReferenceInMemoryOfMallocIsNoticed) {
  EXPECT_EXIT(run([] {
                std::vector<gc::Ptr<int>> references;
                references.push_back(gc::make<int>(1));
              }),
              ::testing::KilledBySignal(SIGABRT), "a gc::Ptr is kept at .*, where the collector does not look");
}

TEST_F(GcDeathTest, AReferenceInAGlobalIsNoticed) {
  static gc::Ptr<int> global;
  EXPECT_EXIT(run([] { global = gc::make<int>(1); }), ::testing::KilledBySignal(SIGABRT), "Use gc::Root for it");
}

TEST_F(GcDeathTest, ReferencesWhereTheyCountAreNot) {
  EXPECT_EXIT(
      {
        run([] {
          const auto one = gc::make<int>(1);
          const auto chan = make_chan<gc::Ptr<int>>(1);
          chan.send(one);
          auto joined = spawn([one, other = *chan.recv()] { return *one + *other == 2 ? one : nullptr; });
          gc::Vector<gc::Ptr<int>> references(10, joined.join());
          const gc::Root<int> root = references[3];
          std::exit(*root == 1 ? 0 : 1);
        });
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace novelo
#endif
