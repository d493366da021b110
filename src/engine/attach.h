// A person's streams and a container's, joined by its monitor's socket.
#pragma once
#include <optional>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "engine/containers.h"
#include "engine/context.h"

namespace engine {

struct AttachOptions {
  bool input = false;  // our standard input goes to the container
  bool output = true;
  bool errors = true;
  bool pass_signals = true;                   // those that we get, to the container
  std::string detach_keys = "ctrl-p,ctrl-q";  // empty: none
};

// "ctrl-p,ctrl-q" as bytes. Kind::Usage.
base::Result<std::string> parse_detach_keys(std::string_view text);

// Connected from its making on, so that nothing is lost that the container writes after it.
class Attached {
 public:
  // The container is created or runs.
  static base::Result<Attached> make(const Context& context, const Container& container,
                                     const AttachOptions& options);

  enum class End { Closed, Detached };
  // Copies, until the container's streams end or the person detaches. A terminal of ours is raw
  // meanwhile where the container has one, and its size is the container's.
  base::Result<End> relay();

 private:
  Attached(const Context& context, const Container& container, AttachOptions options)
      : context_(context), container_(container), options_(std::move(options)) {}
  base::Status resize() const;
  base::Status take_signal();
  // False: nothing more will come.
  base::Result<bool> take_output();
  base::Status take_input();
  bool is_detach(std::string& bytes);

  const Context& context_;
  const Container& container_;
  AttachOptions options_;
  std::string keys_{};
  std::size_t keys_seen_ = 0;
  bool detached_ = false;
  bool input_open_ = false;
  base::Fd socket_{};
  base::Fd control_{};  // where sizes of the terminal go
  base::Fd signals_{};
};

}  // namespace engine
