// Messages between the runtime, the stage process and init.
//
// A create, whole:
//
//   runtime                                init
//     │ clone3 (or through the stage) ─────► │ waits
//     │ cgroup joined, ids mapped
//     │                       ── Agent ────► │ only with a seccomp listener: the text for its agent
//     │                       ── Go ───────► │ namespaces, rootfs …          (text: the state, for
//     hooks) │                     ◄── Hooks ────── │ only with prestart or createRuntime hooks │
//     hooks run             ── Go ───────► │ createContainer hooks, pivot, terminal, user … │ ◄──
//     Ready ────── │ waits on exec.fifo            (create ends here)
//
//   start
//     │ one byte into exec.fifo ───────────► │ startContainer hooks, filter, execve
//     │                     ◄── end of file on exec.reply: the program runs
//
// At any moment ◄── Failed{kind, errno, sentence}: init is about to end. An end of file in place of
// a message means that the other died. An exec is the same without Hooks, Ready and the fifo: the
// channel's end of file says that the program runs.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace container {

enum class Word : std::uint32_t { Agent = 1, Go, Hooks, Ready, Failed, Pid };

struct Message {
  Word word = Word::Go;
  std::string text{};
  // Of Failed.
  base::Kind kind = base::Kind::System;
  int code = 0;
};

// A stream socket, or for Failed alone a fifo. When the other has left, the error is that of its
// Failed, if it said one before.
base::Status send_message(base::FdRef to, Word word, std::string_view text = {});
// Cuts the sentence to 4 KiB. Nothing can be done when this fails as well.
void send_failure(base::FdRef to, const base::Error& error);

// Waits for the next message; nothing at the end of the stream.
base::Result<std::optional<Message>> receive_message(base::FdRef from);

// Waits for this word. A Failed becomes its error; another word or an end of file is one, too,
// saying that `who` died.
base::Result<Message> expect(base::FdRef from, Word word, std::string_view who);

// The error that a Failed message carries.
base::Error error_of(Message message);

}  // namespace container
