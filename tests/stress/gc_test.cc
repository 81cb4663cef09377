// Goroutines that build, change, pass on and drop trees while cycles run one after the other: nothing that can be
// reached is ever lost. Marks are verified, and cells overwritten when they are freed, so that a lost object is seen by
// its contents. For a
// fifth of a second each, or $NOVELO_TORTURE_SECONDS.
#include "novelo/gc.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>
#include <vector>

#include "gc/cycle.h"
#include "novelo/stats.h"
#include "stack/cold_stacks.h"
#include "support/runtime_fixture.h"
#include "support/seed.h"

namespace novelo {
namespace {

constexpr std::uint64_t kMagic = 0x9E37'79B9'7F4A'7C15;

struct Tree {
  explicit Tree(std::uint64_t the_value) : value(the_value), check(the_value * kMagic) {}
  std::uint64_t value;
  gc::Ptr<Tree> left;
  std::uint64_t check;
  gc::Ptr<Tree> right;
};

using Random = std::mt19937_64;

gc::Ptr<Tree> build(Random& random, int depth) {
  gc::Ptr<Tree> tree = gc::make<Tree>(random());
  if (depth > 0) {
    tree->left = build(random, depth - 1);
    tree->right = build(random, depth - 1);
  }
  return tree;
}

// The number of nodes whose contents are not what they were made with.
std::uint64_t wrong_in(const Tree* tree, int depth = 0) {
  if (tree == nullptr) return 0;
  if (tree->check != tree->value * kMagic || depth > 64) return 1;  // no further: it may lead anywhere
  return wrong_in(tree->left.get(), depth + 1) + wrong_in(tree->right.get(), depth + 1);
}

std::chrono::milliseconds duration() {
  const char* told = std::getenv("NOVELO_TORTURE_SECONDS");
  return told == nullptr ? std::chrono::milliseconds(200) : std::chrono::seconds(std::atoi(told));
}

class GcStress : public testing::RuntimeTest {
 protected:
  // True for a while, and until some cycles have run.
  class Until {
   public:
    explicit operator bool() const { return time_ || gc::stats().cycles < enough_; }

   private:
    const testing::For time_{duration()};
    const std::uint64_t enough_ = gc::stats().cycles + 4;
  };

  // Runs the body on several goroutines for a while, with one cycle after the other; `begin` before and `end` after it.
  void torture(
      const std::function<std::uint64_t(Random&, Until&)>& body, const std::function<void()>& begin = [] {},
      const std::function<std::uint64_t()>& end = [] { return std::uint64_t{0}; }) {
    const std::uint64_t seed = testing::seed();
    rt::CollectedHeap::get().set_overwriting(true);
    rt::Collector::get().set_verifying(true);
    run([&] {
      constexpr int kGoroutines = 6;
      std::atomic<int> left{kGoroutines};
      std::atomic<std::uint64_t> wrong{0};
      WaitGroup group;
      begin();
      for (int i = 0; i < kGoroutines; ++i) {
        group.go([&, i] {
          Random random(seed + static_cast<std::uint64_t>(i));
          Until until;
          wrong += body(random, until);
          --left;
        });
      }
      while (left > 0) gc::collect();
      group.wait();
      wrong += end();
      EXPECT_EQ(wrong.load(), 0u);
    });
    rt::CollectedHeap::get().set_overwriting(false);
  }
};

TEST_P(GcStress, TreesThatAreChangedAllTheTimeStayWhole) {
  torture([](Random& random, Until& until) {
    std::uint64_t wrong = 0;
    gc::Ptr<Tree> tree = build(random, 6);
    while (until) {
      for (int i = 0; i < 50; ++i) {
        // From the root down to a place, where a subtree goes, another comes, or two change places.
        Tree* at = tree.get();
        for (int depth = static_cast<int>(random() % 6); depth > 0 && at->left && at->right; --depth) {
          at = random() % 2 == 0 ? at->left.get() : at->right.get();
        }
        switch (random() % 4) {
          case 0:
            at->left = build(random, 2);
            break;
          case 1:
            std::swap(at->left, at->right);
            break;
          case 2: {
            const gc::Ptr<Tree> taken = at->left;
            at->left = nullptr;
            if (random() % 2 == 0) yield();
            wrong += wrong_in(taken.get());
            at->right = taken;
            break;
          }
          default:
            at->right = at->left;
            break;
        }
      }
      wrong += wrong_in(tree.get());
      if (random() % 8 == 0) tree = build(random, 6);
      if (random() % 4 == 0) yield();
    }
    return wrong;
  });
}

TEST_P(GcStress, WhatIsSharedUnderALockStaysWhole) {
  struct Place {
    Mutex mutex;
    gc::Root<Tree> tree;
  };
  std::array<Place, 4> places;
  torture([&places](Random& random, Until& until) {
    std::uint64_t wrong = 0;
    gc::Ptr<Tree> mine = build(random, 4);
    while (until) {
      Place& place = places[random() % places.size()];
      {
        const std::lock_guard guard(place.mutex);
        const gc::Ptr<Tree> other = place.tree;
        place.tree = mine;
        mine = other;
      }
      if (!mine || random() % 3 == 0) mine = build(random, 4);
      if (random() % 2 == 0) std::swap(mine->left, mine->right);
      wrong += wrong_in(mine.get());
      if (random() % 8 == 0) yield();
    }
    return wrong;
  });
  for (Place& place : places) place.tree = nullptr;
}

TEST_P(GcStress, WhatGoesThroughChannelsStaysWhole) {
  for (const std::int64_t capacity : {0, 8}) {
    const auto chan = make_chan<gc::Ptr<Tree>>(capacity);
    torture([&chan](Random& random, Until& until) {
      std::uint64_t wrong = 0;
      while (until) {
        gc::Ptr<Tree> tree = build(random, 3);
        Tree* inside = tree->left.get();
        select(on_send(chan, tree),
               on_recv(chan, [&](std::optional<gc::Ptr<Tree>> other) { wrong += wrong_in(other->get()); }),
               otherwise([] { yield(); }));
        tree = nullptr;
        wrong += wrong_in(inside);
      }
      return wrong;
    });
  }
}

TEST_P(GcStress, WhatOnlyRawPointersAndRegistersReferToStaysWhole) {
  torture([](Random& random, Until& until) {
    std::uint64_t wrong = 0;
    while (until) {
      // Nothing but pointers into the insides, on the stack or in registers over a wait.
      const std::uint64_t* one = &build(random, 2)->check;
      const std::uint64_t* two = &build(random, 2)->value;
      std::uint64_t* past = [&random] {
        const auto array = gc::make_array<std::uint64_t>(4 + random() % 200);
        for (std::uint64_t& element : array) element = kMagic;
        return array.end();
      }();
      for (int i = static_cast<int>(random() % 4); i >= 0; --i) yield();
      wrong += wrong_in(reinterpret_cast<const Tree*>(reinterpret_cast<const char*>(one) - offsetof(Tree, check)));
      wrong += wrong_in(reinterpret_cast<const Tree*>(two));
      for (int i = 1; i <= 4; ++i) wrong += past[-i] == kMagic ? 0 : 1;
    }
    return wrong;
  });
}

TEST_P(GcStress, WeakReferencesAreWholeOrNull) {
  torture([](Random& random, Until& until) {
    std::uint64_t wrong = 0;
    std::vector<gc::Weak<Tree>> weak(64);
    gc::Ptr<Tree> kept = build(random, 2);
    const gc::Weak<Tree> of_kept = kept;
    while (until) {
      gc::Weak<Tree>& one = weak[random() % weak.size()];
      const gc::Ptr<Tree> tree = one.get();
      wrong += wrong_in(tree.get());
      if (tree == nullptr || random() % 2 == 0) one = build(random, 2);
      wrong += of_kept.get() == kept ? 0 : 1;
      if (random() % 16 == 0) yield();
    }
    return wrong;
  });
}

TEST_P(GcStress, DestructorsAndCleanupsRunOnceEach) {
  // Those of a runtime that ended run in the next one.
  struct Counts {
    std::atomic<std::int64_t> made{0};
    std::atomic<std::int64_t> destroyed{0};
    std::atomic<std::int64_t> cleaned{0};
    std::atomic<std::int64_t> broken{0};
  };
  struct Owner {
    Owner(std::shared_ptr<Counts> the_counts, gc::Ptr<Tree> the_tree) : counts(std::move(the_counts)), tree(the_tree) {
      ++counts->made;
    }
    ~Owner() {
      ++counts->destroyed;
      if (wrong_in(tree.get()) != 0 || was_destroyed) ++counts->broken;
      was_destroyed = true;
    }
    std::shared_ptr<Counts> counts;
    gc::Ptr<Tree> tree;
    bool was_destroyed = false;
  };
  const auto counts = std::make_shared<Counts>();
  torture([counts](Random& random, Until& until) {
    while (until) {
      const auto owner = gc::make<Owner>(counts, build(random, 2));
      gc::add_cleanup(owner, [counts] { ++counts->cleaned; });
      if (random() % 4 == 0) sleep(absl::Microseconds(100));
    }
    return std::uint64_t{0};
  });
  EXPECT_EQ(counts->broken.load(), 0);
  EXPECT_LE(counts->destroyed.load(), counts->made.load());
  EXPECT_LE(counts->cleaned.load(), counts->made.load());
  EXPECT_GT(counts->destroyed.load(), counts->made.load() / 4);
}

TEST_P(GcStress, ContainersStayWhole) {
  torture([](Random& random, Until& until) {
    std::uint64_t wrong = 0;
    struct Shelf {
      gc::Vector<gc::Ptr<Tree>> trees;
      gc::String text;
    };
    const auto shelf = gc::make<Shelf>();
    while (until) {
      auto& trees = shelf->trees;
      switch (random() % 6) {
        case 0:
          trees.clear();
          shelf->text.assign(random() % 100, 'x');
          break;
        case 1: {
          gc::Vector<gc::Ptr<Tree>> taken = std::move(trees);
          yield();
          for (const auto& tree : taken) wrong += wrong_in(tree.get());
          trees = std::move(taken);
          break;
        }
        case 2:
          if (!trees.empty()) {
            const gc::Ptr<Tree> last = trees.back();
            trees.pop_back();
            trees.push_back(build(random, 1));
            if (random() % 2 == 0) yield();
            wrong += wrong_in(last.get());
          }
          break;
        case 3:
          if (!trees.empty()) trees.erase(trees.begin() + static_cast<std::ptrdiff_t>(random() % trees.size()));
          break;
        default:
          trees.insert(trees.begin() + static_cast<std::ptrdiff_t>(random() % (trees.size() + 1)), build(random, 2));
          break;
      }
      for (const auto& tree : trees) wrong += wrong_in(tree.get());
      for (const char c : shelf->text) wrong += c == 'x' ? 0 : 1;
      if (trees.size() > 50) trees.resize(10);
    }
    return wrong;
  });
}

TEST_P(GcStress, GoroutinesAndTheirResultsStayWhole) {
  torture([](Random& random, Until& until) {
    std::uint64_t wrong = 0;
    while (until) {
      struct Room {
        std::array<char, 100> bytes{};
      };
      auto handle = spawn([tree = build(random, 3), room = Room(), yields = random() % 3]() mutable {
        for (std::uint64_t i = 0; i < yields; ++i) yield();
        if (wrong_in(tree.get()) != 0 || room.bytes[0] != 0) throw std::runtime_error("a tree is broken");
        std::swap(tree->left, tree->right);
        return tree;
      });
      if (random() % 2 == 0) yield();
      wrong += wrong_in(handle.join().get());
      try {
        const gc::Ptr<Tree> over_a_throw = build(random, 2);
        try {
          throw std::runtime_error("in flight");
        } catch (const std::exception&) {
          yield();
          wrong += wrong_in(over_a_throw.get());
          throw;
        }
      } catch (const std::exception&) {
      }
    }
    return wrong;
  });
}

TEST_P(GcStress, BlockingSectionsKeepTheirStacks) {
  torture([](Random& random, Until& until) {
    std::uint64_t wrong = 0;
    while (until) {
      const gc::Ptr<Tree> tree = build(random, 3);
      const Tree* inside = build(random, 2)->left.get();
      blocking([&] { wrong += wrong_in(tree.get()) + wrong_in(inside); });
      wrong += wrong_in(tree.get()) + wrong_in(inside);
    }
    return wrong;
  });
}

// Down so many levels, each with a frame of a KiB, and on the way up a wait at one of them: what lies below is given
// back then, and written again by the next. Returns how many frames are not what they were.
[[gnu::noinline]] std::uint64_t wait_going_up(int levels, int at, std::uint64_t mark) {  // NOLINT(misc-no-recursion)
  std::array<volatile std::uint64_t, 128> frame;
  for (volatile std::uint64_t& word : frame) word = mark + static_cast<std::uint64_t>(levels);
  std::uint64_t wrong = levels == 0 ? 0 : wait_going_up(levels - 1, at, mark);
  if (levels == at) sleep(absl::Microseconds(mark % 4000));
  for (const volatile std::uint64_t& word : frame) wrong += word != mark + static_cast<std::uint64_t>(levels) ? 1 : 0;
  return wrong;
}

TEST_P(GcStress, StacksKeepWhatStandsOnThemWhenTheyShrink) {
  rt::Collector::get().set_settled_after(0);
  torture([](Random& random, Until& until) {
    std::uint64_t wrong = 0;
    while (until) {
      const int levels = 10 + static_cast<int>(random() % 200);
      wrong += wait_going_up(levels, static_cast<int>(random() % static_cast<std::uint64_t>(levels)), random());
    }
    return wrong;
  });
  rt::Collector::get().set_settled_after(rt::Collector::kSettledNs);
}

// Many that wait, each for its turn, with a tree and a number on their stacks. Whoever gives it a turn may have
// changed both from elsewhere before.
class Sleepers {
 public:
  static constexpr std::size_t kSize = 200;

  Sleepers() {
    for (int i = 0; i < 100; ++i) start(places_[0], true);  // the first of a kind have large stacks, never kept compact
    group_.wait();
    for (Place& place : places_) start(place, false);
  }

  void give_turn(Random& random) {
    Place& place = places_[random() % kSize];
    const std::unique_lock lock(place.mutex, std::try_to_lock);
    if (!lock) return;
    place.waits.recv();
    if (random() % 2 == 0) {
      *place.tree = build(random, 1 + static_cast<int>(random() % 3));
      *place.number = (*place.tree)->value;
    }
    place.turn.send(Turn::kOne);
  }

  // How often one has found something else than what was written.
  std::uint64_t end() {
    for (Place& place : places_) {
      place.waits.recv();
      place.turn.send(Turn::kLast);
    }
    group_.wait();
    return wrong_;
  }

 private:
  enum class Turn { kOne, kLast };
  struct Place {
    Mutex mutex;
    Chan<Unit> waits = make_chan<Unit>(1);
    Chan<Turn> turn = make_chan<Turn>();
    gc::Ptr<Tree>* tree = nullptr;
    volatile std::uint64_t* number = nullptr;
  };

  void start(Place& place, bool is_short) {
    group_.go([this, &place, is_short] {
      gc::Ptr<Tree> tree = gc::make<Tree>(1);
      volatile std::uint64_t number = 1;
      if (is_short) return;
      place.tree = &tree;
      place.number = &number;
      do {
        if (tree->value != number) ++wrong_;
        wrong_ += wrong_in(tree.get());
        place.waits.send(Unit());
      } while (place.turn.recv() != Turn::kLast);
    });
  }

  std::array<Place, kSize> places_;
  std::atomic<std::uint64_t> wrong_{0};
  WaitGroup group_;
};

TEST_P(GcStress, CompactStacksHoldWhatIsWrittenToThemFromElsewhere) {
  rt::Collector::get().set_settled_after(0);
  std::optional<Sleepers> sleepers;
  std::uint64_t compacted = 0;
  torture(
      [&](Random& random, Until& until) {
        while (until) {
          // So few that a turn is a dozen cycles away.
          const std::uint64_t cycles = gc::stats().cycles;
          for (int i = 0; i < 3; ++i) sleepers->give_turn(random);
          testing::yield_until([cycles] { return gc::stats().cycles > cycles; });
        }
        return std::uint64_t{0};
      },
      [&] { sleepers.emplace(); },
      [&] {
        const auto is_compacted = [] { return runtime_stats().stack_compacted_total > 0; };
        const testing::For patience{std::chrono::seconds(30)};  // where few cycles had time to run
        while (rt::ColdStacks::is_allowed() && !is_compacted() && patience) gc::collect();
        compacted = runtime_stats().stack_compacted_total;
        const std::uint64_t wrong = sleepers->end();
        sleepers.reset();
        return wrong;
      });
  EXPECT_EQ(compacted > 0, rt::ColdStacks::is_allowed());
  rt::Collector::get().set_settled_after(rt::Collector::kSettledNs);
}

NOVELO_WITH_PROCS(GcStress);

}  // namespace
}  // namespace novelo
