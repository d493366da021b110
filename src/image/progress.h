// What a pull tells about its blobs while they arrive; who shows it is the program's business.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.h"
#include "image/descriptor.h"

namespace image {

// Called from several threads at once.
class Progress {
 public:
  Progress() = default;
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  virtual ~Progress() = default;

  enum class End { Done, Present, Failed };
  // A blob is next; the number names it from here on. what: "config", "layer".
  virtual std::size_t begin(std::string_view what, const Descriptor& descriptor) = 0;
  virtual void advance(std::size_t blob, std::uint64_t bytes) = 0;
  virtual void end(std::size_t blob, End how) = 0;
};

// One blob's state as a value, and as text.
struct Transfer {
  std::string what{};
  Digest digest{};
  std::uint64_t size = 0;
  std::uint64_t have = 0;
  double seconds = 0;  // since the beginning
  bool ended = false;
  Progress::End how = Progress::End::Done;
};

// "1.4 MB": decimal units, three digits.
std::string show_size(std::uint64_t bytes);

// One line for a terminal this wide:
// "layer 3588d0254223 [=====>    ]  1.4 MB / 3.1 MB  12.3 MB/s, 4 s left"
std::string show_bar(const Transfer& transfer, std::size_t columns);

// {"event":"progress","what":"layer","digest":"sha256:…","have":5,"size":10}; the event of what has
// ended is "done", "present" (it was there before) or "failed".
base::Json progress_json(const Transfer& transfer);

// One line without movement: "layer 3588d0254223: 3.1 MB in 0.3 s", "…: already there".
std::string show_line(const Transfer& transfer);

}  // namespace image
