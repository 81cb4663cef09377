// How many processors: what is told, the CPUs of the process, and quotas in trees of cgroups built in a directory.
#include "os/cpu_count.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace novelo::rt {
namespace {

namespace fs = std::filesystem;

class CgroupQuota : public ::testing::Test {
 protected:
  CgroupQuota() {
    std::string path = fs::temp_directory_path() / "novelo-cgroup-XXXXXX";
    mount_ = mkdtemp(path.data());
  }
  ~CgroupQuota() override { fs::remove_all(mount_); }

  void v2(const std::string& group, const std::string& cpu_max) { write(mount_ / group / "cpu.max", cpu_max + "\n"); }
  void v1(const std::string& group, const std::string& quota, const std::string& period) {
    write(mount_ / group / "cpu.cfs_quota_us", quota + "\n");
    write(mount_ / group / "cpu.cfs_period_us", period + "\n");
  }
  int quota(const std::string& self_cgroup) { return cgroup_cpu_quota(self_cgroup, mount_); }

 private:
  static void write(const fs::path& file, const std::string& text) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  fs::path mount_;
};

TEST_F(CgroupQuota, IsNoneWithoutFiles) {
  EXPECT_EQ(quota("0::/a/b\n"), 0);
  EXPECT_EQ(quota(""), 0);
}

TEST_F(CgroupQuota, OfVersionTwoIsRoundedUp) {
  v2("one", "100000 100000");
  v2("more", "150000 100000");
  v2("less", "20000 100000");
  EXPECT_EQ(quota("0::/one\n"), 1);
  EXPECT_EQ(quota("0::/more\n"), 2);
  EXPECT_EQ(quota("0::/less\n"), 1);
}

TEST_F(CgroupQuota, OfVersionTwoThatSaysMaxIsNone) {
  v2("a", "max 100000");
  EXPECT_EQ(quota("0::/a\n"), 0);
}

TEST_F(CgroupQuota, IsTheLeastAlongAllAncestors) {
  v2("a", "300000 100000");
  v2("a/b", "max 100000");
  v2("a/b/c", "800000 100000");
  EXPECT_EQ(quota("0::/a/b/c\n"), 3);
  v2("a/b", "200000 100000");
  EXPECT_EQ(quota("0::/a/b/c\n"), 2);
  EXPECT_EQ(quota("0::/a\n"), 3);
}

TEST_F(CgroupQuota, OfTheMountItselfCounts) {
  v2(".", "400000 100000");
  EXPECT_EQ(quota("0::/\n"), 4);
  EXPECT_EQ(quota("0::/a/b\n"), 4);
}

TEST_F(CgroupQuota, OfVersionOneIsFoundByItsControllers) {
  v1("cpu,cpuacct/docker/x", "250000", "100000");
  EXPECT_EQ(quota("12:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n"), 3);
  EXPECT_EQ(quota("12:cpuset:/docker/x\n"), 0) << "cpuset is not cpu";
}

TEST_F(CgroupQuota, OfVersionOneIsFoundUnderTheShortName) {
  v1("cpu/a", "200000", "100000");
  EXPECT_EQ(quota("4:cpu,cpuacct:/a\n"), 2);
}

TEST_F(CgroupQuota, OfVersionOneBelowZeroIsNone) {
  v1("cpu/a", "-1", "100000");
  EXPECT_EQ(quota("4:cpu:/a\n"), 0);
}

TEST_F(CgroupQuota, OfBothVersionsTheLeastCounts) {
  v1("cpu/a", "500000", "100000");
  v2("unified/b", "300000 100000");
  EXPECT_EQ(quota("4:cpu:/a\n0::/b\n"), 3);
}

TEST_F(CgroupQuota, LinesThatMeanNothingArePassedOver) {
  v2("a", "200000 100000");
  EXPECT_EQ(quota("nonsense\n:\n0::/a\n"), 2);
}

class DefaultMaxProcs : public ::testing::Test {
 protected:
  ~DefaultMaxProcs() override { unsetenv("NOVELO_MAXPROCS"); }
};

TEST_F(DefaultMaxProcs, ObeysTheEnvironment) {
  setenv("NOVELO_MAXPROCS", "37", 1);
  EXPECT_EQ(default_max_procs(), 37);
}

TEST_F(DefaultMaxProcs, IgnoresAnEnvironmentThatIsNoNumberInRange) {
  const int found = default_max_procs();
  EXPECT_GE(found, 1);
  for (const char* wrong : {"", "0", "-2", "1025", "four", "4x"}) {
    setenv("NOVELO_MAXPROCS", wrong, 1);
    EXPECT_EQ(default_max_procs(), found) << wrong;
  }
}

TEST_F(DefaultMaxProcs, IsNoMoreThanTheCpusTheProcessMayUse) {
  cpu_set_t all;
  ASSERT_EQ(sched_getaffinity(0, sizeof all, &all), 0);
  int first = 0;
  while (!CPU_ISSET(first, &all)) ++first;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(first, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(default_max_procs(), 1);
  ASSERT_EQ(sched_setaffinity(0, sizeof all, &all), 0);
}

}  // namespace
}  // namespace novelo::rt
