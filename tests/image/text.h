// A sink that keeps what is written to it.
#pragma once
#include <algorithm>
#include <string>
#include <string_view>

#include "image/digest.h"

namespace image {

class Text : public Sink {
 public:
  base::Status write(std::string_view bytes) override {
    text += bytes;
    largest = std::max(largest, bytes.size());
    return {};
  }
  std::string text{};
  std::size_t largest = 0;  // of the pieces that came
};

}  // namespace image
