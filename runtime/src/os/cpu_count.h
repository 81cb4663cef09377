// runtime/src/os/cpu_count.h
// How many processors a process should use: what it was told, else the CPUs it may run on, cut down by cgroup quotas.
//
//   cost   reads a few files; at start only
//   tested tests/unit/os/cpu_count_test.cc
#pragma once

#include <string>

namespace novelo::rt {

// $NOVELO_MAXPROCS if it is a number from 1 to 1024, else min(affinity, quota of the own cgroup and of every ancestor,
// rounded up), at least 1.
int default_max_procs();

// The least quota, in CPUs rounded up, along `self_cgroup` (the text of /proc/self/cgroup) below `mount` (usually
// /sys/fs/cgroup), in v1 and v2 layouts; 0 when there is none.
int cgroup_cpu_quota(const std::string& self_cgroup, const std::string& mount);

}  // namespace novelo::rt
