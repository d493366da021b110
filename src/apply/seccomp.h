// Loads the system call filter, and hands its listener to the agent.
//
// Who does what (p = plan::SeccompPlan):
//   runtime, before the clone   if p.notify: agent = sys::connect_unix(p.listener_path), inherited
//   by
//                               init at a number that nothing closes before the load
//   runtime, after the clone    if p.notify: text = plan::container_process_state(state,
//                               p.listener_metadata) with the pid that the runtime sees, sent to
//                               init with the message that lets it go
//   init                        p.early: before it drops capabilities, else as the last step before
//                               execve: load_filter(p), or if p.notify
//                               load_filter_and_send(p, agent, text); then closes agent (or leaves
//                               that to close-on-exec)
//
// Why a thread sends: once the filter is loaded any call of init may be refused, kill it, or wait
// for an answer of the very agent that has no listener yet; and when the load is the last step the
// runtime that could fetch the listener (pidfd_getfd) has long gone. A thread started before the
// load is outside the filter, sees the same descriptors and memory, and leaves no child behind
// that the container's program would have to reap. The two wait for each other by memory alone, so
// that init makes no system call between seccomp and the next one that it means to make. It is the
// only thread that this runtime ever has, and while it works init does nothing but wait.
#pragma once
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "plan/seccomp.h"

namespace apply {

// The flags that this kernel takes, of those in plan::kSeccompFlags; one or two system calls.
plan::SeccompHost seccomp_host();
// Their words, for `runtime features`.
std::vector<std::string> supported_seccomp_flags();

// Loads the filter for the calling thread: one system call. Gives the listener (close-on-exec) if
// plan.notify, else no descriptor.
base::Result<base::Fd> load_filter(const plan::SeccompPlan& plan);

// Sends the text, and with its first byte the listener. spec: config-linux.md#seccomp, listenerPath
base::Status send_listener(base::FdRef agent_socket, base::FdRef listener, const std::string& text);

// Both, from inside the filter; afterwards the listener is closed here and only the agent has it.
// When sending fails the filter is loaded nevertheless.
base::Status load_filter_and_send(const plan::SeccompPlan& plan, base::FdRef agent_socket,
                                  const std::string& text);

}  // namespace apply
