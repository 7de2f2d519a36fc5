#pragma once
// Call stacks of stopped tracees: the live side of tracer/stacks. Reads registers, /proc/TID/maps
// and memory, and opens the files of modules for their symbols.
//
// The mappings are read at every stop. It could be known from the calls when they change, but not
// from calls that the tracer was told to let run, and a stack that is right most of the time is
// worth little. Only where their text differs is anything forgotten.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "tracer/ptrace/kernel.h"
#include "tracer/ptrace/observe.h"
#include "tracer/ptrace/process_memory.h"
#include "tracer/ptrace/stack_options.h"
#include "tracer/ptrace/tracees.h"
#include "tracer/raw/stack.h"
#include "tracer/stacks/modules.h"
#include "tracer/stacks/walk.h"

namespace boxtrace::ptrace {

class TaskFiles;

class StackCapture {
 public:
  /// Keeps references.
  StackCapture(Kernel& kernel, const Observer& observer, const StackOptions& options);

  /// At the entry stop of `call`: keeps in it what the options ask for.
  void capture(const Tracee& tracee, CallInFlight& call);

 private:
  /// What is known of a process between its stops.
  struct Process {
    Process(Kernel& kernel, const Observer& observer);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    Process(Process&&) = delete;
    Process& operator=(Process&&) = delete;

    ProcessMemory memory;
    std::unique_ptr<TaskFiles> files;
    std::string maps;
    std::unique_ptr<stacks::AddressSpace> space;
  };
  [[nodiscard]] Process& process_of(const Tracee& tracee);

  Kernel* kernel_;
  const Observer* observer_;
  StackOptions options_;
  stacks::Walker walker_;
  stacks::ModuleCache modules_;
  std::unordered_map<base::HostPid, std::unique_ptr<Process>> processes_;
};

}  // namespace boxtrace::ptrace
