// The list whose links live inside its elements.
#include "base/intrusive_list.h"

#include <gtest/gtest.h>

#include <vector>

namespace novelo::rt {
namespace {

struct Item : ListLink {
  explicit Item(int n) : number(n) {}
  int number;
};

std::vector<int> numbers(const IntrusiveList<Item>& list) {
  std::vector<int> all;
  for (Item* item = list.front(); item != nullptr; item = list.next(*item)) all.push_back(item->number);
  return all;
}

class IntrusiveListTest : public ::testing::Test {
 protected:
  IntrusiveListTest() {
    for (Item* item : {&one_, &two_, &three_}) list_.push_back(*item);
  }
  Item one_{1};
  Item two_{2};
  Item three_{3};
  IntrusiveList<Item> list_;
};

TEST_F(IntrusiveListTest, ItemsStandInTheOrderOfTheirArrival) {
  EXPECT_EQ(numbers(list_), (std::vector{1, 2, 3}));
}

TEST_F(IntrusiveListTest, PopTakesTheFirstAndNothingFromAnEmptyList) {
  EXPECT_EQ(list_.pop_front(), &one_);
  EXPECT_EQ(list_.pop_front(), &two_);
  EXPECT_EQ(list_.pop_front(), &three_);
  EXPECT_EQ(list_.pop_front(), nullptr);
  EXPECT_TRUE(list_.empty());
}

TEST_F(IntrusiveListTest, UnlinkTakesOutOfTheMiddleFrontAndBack) {
  two_.unlink();
  EXPECT_EQ(numbers(list_), (std::vector{1, 3}));
  EXPECT_FALSE(two_.is_linked());
  three_.unlink();
  EXPECT_EQ(numbers(list_), std::vector{1});
  one_.unlink();
  EXPECT_TRUE(list_.empty());
  EXPECT_EQ(list_.front(), nullptr);
}

TEST_F(IntrusiveListTest, AnUnlinkedItemMayJoinAnotherList) {
  IntrusiveList<Item> other;
  one_.unlink();
  other.push_back(one_);
  EXPECT_TRUE(one_.is_linked());
  EXPECT_EQ(numbers(other), std::vector{1});
  EXPECT_EQ(numbers(list_), (std::vector{2, 3}));
  one_.unlink();
}

#if !defined(NDEBUG)
TEST_F(IntrusiveListTest, AnItemInTwoListsEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  IntrusiveList<Item> other;
  EXPECT_DEATH(other.push_back(one_), "is_linked");
}
#endif

}  // namespace
}  // namespace novelo::rt
