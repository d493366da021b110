#include "image/compression.h"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

#include <vector>

namespace image {
namespace {

constexpr std::size_t kPiece = 256U << 10;  // decompressed bytes handed on at once
constexpr std::size_t kMagic = 4;
constexpr std::size_t kMostAtOnce = 1U << 30;  // isa-l counts in 32 bits
// zstd frames that want a larger window are refused, as by the zstd program.
constexpr int kMostWindowLog = 27;

constexpr std::string_view kGzipMagic = "\x1f\x8b\x08";
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";
constexpr std::string_view kSkippableMagic = "\x2a\x4d\x18";  // after a byte 0x50 to 0x5f

// isa-l reads through pointers that are not const.
std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

std::string_view view(const std::vector<std::uint8_t>& buffer, std::size_t n) {
  return {reinterpret_cast<const char*>(buffer.data()), n};
}

std::string_view inflate_problem(int code) {
  switch (code) {
    case ISAL_INVALID_BLOCK:
      return "invalid block";
    case ISAL_INVALID_SYMBOL:
      return "invalid symbol";
    case ISAL_INVALID_LOOKBACK:
      return "a reference before the start";
    case ISAL_INVALID_WRAPPER:
      return "invalid header";
    case ISAL_UNSUPPORTED_METHOD:
      return "unknown method";
    case ISAL_INCORRECT_CHECKSUM:
      return "wrong checksum";
    default:
      return "needs a dictionary";
  }
}

}  // namespace

class Decompressor::Codec {
 public:
  Codec() = default;
  Codec(const Codec&) = delete;
  Codec& operator=(const Codec&) = delete;
  virtual ~Codec() = default;
  virtual base::Status take(std::string_view bytes, Sink& next) = 0;
  virtual base::Status finish() = 0;
};

namespace {

class Plain : public Decompressor::Codec {
 public:
  base::Status take(std::string_view bytes, Sink& next) override { return next.write(bytes); }
  base::Status finish() override { return {}; }
};

class Gzip : public Decompressor::Codec {
 public:
  Gzip() : state_(std::make_unique<inflate_state>()), out_(kPiece) { start_member(); }

  base::Status take(std::string_view bytes, Sink& next) override {
    while (!bytes.empty()) {
      auto piece = bytes.substr(0, kMostAtOnce);
      bytes.remove_prefix(piece.size());
      TRY(take_piece(piece, next));
    }
    return {};
  }

  base::Status finish() override {
    if (between_ || padding_) return {};
    return base::config_error("gzip: cut short");
  }

 private:
  void start_member() {
    isal_inflate_init(state_.get());
    state_->crc_flag = ISAL_GZIP;
  }

  base::Status take_piece(std::string_view bytes, Sink& next) {
    while (!bytes.empty()) {
      if (between_ && bytes[0] == '\0') padding_ = true;
      if (padding_) {
        if (bytes.find_first_not_of('\0') != std::string_view::npos)
          return base::config_error("gzip: something other than zeros after the end");
        return {};
      }
      if (between_) start_member();
      between_ = false;
      bytes.remove_prefix(TRY(inflate(bytes, next)));
    }
    return {};
  }

  // How many bytes were taken: all, or those up to the member's end.
  base::Result<std::size_t> inflate(std::string_view bytes, Sink& next) {
    state_->next_in = bytes_of(bytes);
    state_->avail_in = static_cast<std::uint32_t>(bytes.size());
    for (;;) {
      state_->next_out = out_.data();
      state_->avail_out = static_cast<std::uint32_t>(out_.size());
      int code = isal_inflate(state_.get());
      if (code != ISAL_DECOMP_OK) return base::config_error("gzip: ", inflate_problem(code));
      auto made = out_.size() - state_->avail_out;
      if (made > 0) TRY(next.write(view(out_, made)));
      between_ = state_->block_state == ISAL_BLOCK_FINISH;
      if (between_ || (state_->avail_in == 0 && state_->avail_out > 0))
        return bytes.size() - state_->avail_in;
    }
  }

  std::unique_ptr<inflate_state> state_;
  std::vector<std::uint8_t> out_;
  bool between_ = false;  // a member has ended, and nothing followed yet
  bool padding_ = false;
};

class Zstd : public Decompressor::Codec {
 public:
  Zstd() : context_(ZSTD_createDCtx()), out_(kPiece) {
    (void)ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kMostWindowLog);
  }
  ~Zstd() override { ZSTD_freeDCtx(context_); }

  base::Status take(std::string_view bytes, Sink& next) override {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    bool more = true;
    while (in.pos < in.size || more) {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      auto left = ZSTD_decompressStream(context_, &out, &in);
      if (ZSTD_isError(left) != 0) return base::config_error("zstd: ", ZSTD_getErrorName(left));
      if (out.pos > 0) TRY(next.write(view(out_, out.pos)));
      inside_ = left != 0;
      // A full buffer may leave decompressed bytes in the context.
      more = out.pos == out.size;
      if (!inside_ && in.pos == in.size) break;
    }
    return {};
  }

  base::Status finish() override {
    if (inside_) return base::config_error("zstd: cut short");
    return {};
  }

 private:
  ZSTD_DCtx* context_;
  std::vector<std::uint8_t> out_;
  bool inside_ = true;  // of a frame
};

}  // namespace

Compression detect(std::string_view first_bytes) {
  if (first_bytes.starts_with(kGzipMagic)) return Compression::Gzip;
  if (first_bytes.starts_with(kZstdMagic)) return Compression::Zstd;
  bool skippable = first_bytes.size() >= kMagic && (first_bytes[0] & '\xf0') == '\x50' &&
                   first_bytes.substr(1).starts_with(kSkippableMagic);
  return skippable ? Compression::Zstd : Compression::None;
}

class Decompressor::Measured : public Sink {
 public:
  Measured(Sink* next, GrowthLimit growth, const std::uint64_t* taken)
      : next_(next), growth_(growth), taken_(taken) {}

  base::Status write(std::string_view bytes) override {
    made_ += bytes.size();
    if (growth_.ratio != 0 && made_ > growth_.from && made_ / growth_.ratio > *taken_)
      return base::config_error("grows more than ", growth_.ratio, " times when decompressed");
    return next_->write(bytes);
  }

 private:
  Sink* next_;
  GrowthLimit growth_;
  const std::uint64_t* taken_;
  std::uint64_t made_ = 0;
};

Decompressor::Decompressor(Sink* next, GrowthLimit growth)
    : next_(std::make_unique<Measured>(next, growth, &taken_)) {}
Decompressor::~Decompressor() = default;

base::Status Decompressor::start() {
  switch (detect(first_)) {
    case Compression::Gzip:
      codec_ = std::make_unique<Gzip>();
      break;
    case Compression::Zstd:
      codec_ = std::make_unique<Zstd>();
      break;
    case Compression::None:
      codec_ = std::make_unique<Plain>();
      break;
  }
  return codec_->take(first_, *next_);
}

base::Status Decompressor::write(std::string_view bytes) {
  taken_ += bytes.size();
  if (!codec_) {
    auto wanted = bytes.substr(0, kMagic - first_.size());
    first_ += wanted;
    bytes.remove_prefix(wanted.size());
    if (first_.size() < kMagic) return {};
    TRY(start());
  }
  return bytes.empty() ? base::Status{} : codec_->take(bytes, *next_);
}

base::Status Decompressor::finish() {
  if (!codec_) TRY(start());
  return codec_->finish();
}

struct GzipCompressor::State {
  isal_zstream stream{};
  std::vector<std::uint8_t> level_buffer{};
  std::vector<std::uint8_t> out{};
};

GzipCompressor::GzipCompressor(Sink* next) : state_(std::make_unique<State>()), next_(next) {
  state_->level_buffer.resize(ISAL_DEF_LVL2_DEFAULT);
  state_->out.resize(kPiece);
  isal_deflate_init(&state_->stream);
  state_->stream.level = 2;
  state_->stream.level_buf = state_->level_buffer.data();
  state_->stream.level_buf_size = static_cast<std::uint32_t>(state_->level_buffer.size());
  state_->stream.gzip_flag = IGZIP_GZIP;
}

GzipCompressor::~GzipCompressor() = default;

base::Status GzipCompressor::write(std::string_view bytes) {
  auto& stream = state_->stream;
  // Also once without input: that is how finish() ends the member.
  do {
    auto piece = bytes.substr(0, kMostAtOnce);
    bytes.remove_prefix(piece.size());
    stream.next_in = bytes_of(piece);
    stream.avail_in = static_cast<std::uint32_t>(piece.size());
    do {
      stream.next_out = state_->out.data();
      stream.avail_out = static_cast<std::uint32_t>(state_->out.size());
      if (int code = isal_deflate(&stream); code != COMP_OK)
        return base::system_error("compress: isal_deflate failed with ", code);
      auto made = state_->out.size() - stream.avail_out;
      if (made > 0) TRY(next_->write(view(state_->out, made)));
    } while (stream.avail_out == 0);
  } while (!bytes.empty());
  return {};
}

base::Status GzipCompressor::finish() {
  state_->stream.end_of_stream = 1;
  return write({});
}

}  // namespace image
