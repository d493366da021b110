// Bytes between descriptors and sinks.
#pragma once
#include <cstdint>
#include <string>
#include <utility>

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

// Keeps them as a text of at most so many.
class TextSink : public Sink {
 public:
  explicit TextSink(std::uint64_t most) : most_(most) {}
  base::Status write(std::string_view bytes) override {
    if (bytes.size() > most_ - text_.size())
      return base::config_error("is longer than ", most_, " bytes");
    text_ += bytes;
    return {};
  }
  void clear() { text_.clear(); }
  std::string take() { return std::move(text_); }

 private:
  std::uint64_t most_;
  std::string text_;
};

// Hands the same bytes to two, which outlive it.
class Both : public Sink {
 public:
  Both(Sink* one, Sink* other) : one_(one), other_(other) {}
  base::Status write(std::string_view bytes) override {
    TRY(one_->write(bytes));
    return other_->write(bytes);
  }

 private:
  Sink* one_;
  Sink* other_;
};

class HashSink : public Sink {
 public:
  explicit HashSink(Algorithm algorithm = Algorithm::Sha256) : hasher_(algorithm) {}
  base::Status write(std::string_view bytes) override {
    hasher_.add(bytes);
    return {};
  }
  base::Result<Digest> finish() { return hasher_.finish(); }

 private:
  Hasher hasher_;
};

// All that the descriptor has from its present offset on goes to the sink.
base::Status feed(base::FdRef from, Sink& to);

}  // namespace image
