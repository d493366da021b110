// Bytes between descriptors and sinks.
#pragma once
#include "base/fd.h"
#include "base/result.h"
#include "image/digest.h"

namespace image {

// Writes to a descriptor, which outlives it.
class FileSink : public Sink {
 public:
  explicit FileSink(base::FdRef to) : to_(to) {}
  base::Status write(std::string_view bytes) override;

 private:
  base::FdRef to_;
};

// Counts, and keeps nothing.
class CountingSink : public Sink {
 public:
  base::Status write(std::string_view bytes) override {
    count_ += bytes.size();
    return {};
  }
  std::uint64_t count() const { return count_; }

 private:
  std::uint64_t count_ = 0;
};

// All that the descriptor has from its present offset on goes to the sink.
base::Status feed(base::FdRef from, Sink& to);

}  // namespace image
