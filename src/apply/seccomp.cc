#include "apply/seccomp.h"

#include <time.h>

#include <array>
#include <atomic>
#include <optional>

#include "sys/filter.h"
#include "sys/socket.h"

namespace apply {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

namespace {

// SECCOMP_FILTER_FLAG_NEW_LISTENER and _TSYNC_ESRCH, without which the kernel refuses
// WAIT_KILLABLE_RECV, and TSYNC together with a listener.
constexpr unsigned kCompanions = (1U << 3) | (1U << 4);

// What init and the thread that sends tell each other.
struct Handover {
  static constexpr int kLoading = -1, kGaveUp = -2;
  std::atomic<int> listener = kLoading;
  FdRef agent_socket;
  const std::string& text;
  std::optional<base::Error> failure{};
};

int hand_over(void* argument) {
  auto& handover = *static_cast<Handover*>(argument);
  int listener = Handover::kLoading;
  // Loading takes a fraction of a millisecond, and telling us may cost init no system call: so we
  // look again and again.
  while ((listener = handover.listener.load(std::memory_order_acquire)) == Handover::kLoading) {
    struct timespec pause {
      0, 50'000
    };
    ::nanosleep(&pause, nullptr);
  }
  if (listener == Handover::kGaveUp) return 0;
  Fd owned(listener);
  auto sent = send_listener(handover.agent_socket, owned, handover.text);
  if (!sent) handover.failure = sent.error();
  return 0;
}

// Waits without a system call.
void wait_for_end(const std::atomic<int>& running) {
  while (running.load(std::memory_order_acquire) != 0) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
}

}  // namespace

plan::SeccompHost seccomp_host() {
  unsigned all = 0;
  for (const auto& row : plan::kSeccompFlags) all |= row.value;
  plan::SeccompHost host;
  if (sys::knows_filter_flags(all | kCompanions)) {
    host.flags = all;
    return host;
  }
  for (const auto& row : plan::kSeccompFlags)
    if (sys::knows_filter_flags(row.value | kCompanions)) host.flags |= row.value;
  return host;
}

std::vector<std::string> supported_seccomp_flags() {
  auto flags = seccomp_host().flags;
  std::vector<std::string> out;
  for (const auto& row : plan::kSeccompFlags)
    if (flags & row.value) out.emplace_back(row.word);
  return out;
}

Result<Fd> load_filter(const plan::SeccompPlan& plan) {
  return sys::seccomp_filter(plan.flags, plan.program);
}

Status send_listener(FdRef agent_socket, FdRef listener, const std::string& text) {
  return sys::send(agent_socket, text, listener);
}

Status load_filter_and_send(const plan::SeccompPlan& plan, FdRef agent_socket,
                            const std::string& text) {
  std::array<char, 64 * 1024> stack;
  std::atomic<int> running = 0;
  Handover handover{.agent_socket = agent_socket, .text = text};
  TRY(sys::start_thread(stack, hand_over, &handover, running), "seccomp listener");
  auto listener = load_filter(plan);
  // The thread closes the listener: a close of ours would already be subject to the filter.
  handover.listener.store(listener ? listener.value().release() : Handover::kGaveUp,
                          std::memory_order_release);
  wait_for_end(running);
  if (!listener) return listener.error();
  if (handover.failure) return std::move(*handover.failure).in("seccomp listener");
  return {};
}

}  // namespace apply
