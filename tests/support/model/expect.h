// tests/support/model/expect.h
// What a model test says: that every execution holds, or that some execution shows what must not be.
#pragma once

#include <gtest/gtest.h>

#include "support/model/explorer.h"

namespace novelo::model {

inline void expect_always(const std::function<void(Program&)>& make, const Options& options = {}) {
  const Result result = explore(options, make);
  EXPECT_EQ(result.failure, "") << "in execution " << result.executions;
  EXPECT_TRUE(result.is_exhausted) << "only " << result.executions << " executions were tried";
}

inline void expect_found(const char* failure, const std::function<void(Program&)>& make, const Options& options = {}) {
  const Result result = explore(options, make);
  EXPECT_EQ(result.failure, failure) << "after " << result.executions << " executions";
}

}  // namespace novelo::model
