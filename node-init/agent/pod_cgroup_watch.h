// The control groups of the node's pods, by the pods' UIDs, and in which of them something has
// appeared: a pod's come before its sandbox, and each of its containers brings one more. One
// thread.
//
// Only what the kubelet makes is looked at: below its "kubepods", the pods, and what lies in them.
// Groups that a pod makes are below its own and count as that.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "node-init/kernel/system.h"

namespace smc::node {

class PodCgroupWatch {
 public:
  // `root`: where the node's control groups are mounted, "/sys/fs/cgroup" on the node itself.
  PodCgroupWatch(System& system, std::string root) : system_(system), root_(std::move(root)) {}

  // Looks at all of them, and watches what is not watched yet. Returns the pods that were not known
  // before. What cannot be watched is found here at the next call, and `problem()` says why.
  std::set<std::string> look();

  // The pods in which something has appeared since the last call.
  std::set<std::string> take();

  // For poll(): readable when there is something to take. -1: only look() finds anything.
  int descriptor() const { return events_ ? events_->descriptor() : -1; }

  // Why events may be missing, as of the last look; empty: none are.
  const std::string& problem() const { return problem_; }

  std::vector<std::string> pods() const;

  // The control groups of a pod's containers, its sandbox among them, by their names; their
  // processes as names in /proc, none yet of a group that has just been made.
  std::map<std::string, std::vector<std::string>> containers(const std::string& uid);

 private:
  std::vector<std::string> trees();
  bool look_at_tree(const std::string& tree, std::set<std::string>& fresh);
  void look_at_parent(const std::string& path, std::set<std::string>& fresh);
  void add_pod(const std::string& uid, const std::string& path, std::set<std::string>& fresh);
  bool watch(const std::string& path);

  System& system_;
  const std::string root_;
  std::unique_ptr<DirectoryEvents> events_;
  struct Group {
    std::string path;
    bool watched = false;
  };
  std::set<std::string> watched_;      // those that pods are in
  std::map<std::string, Group> pods_;  // by UID
  std::set<std::string> seen_;         // of pods_, at the present look
  std::string problem_;
};

}  // namespace smc::node
