#include "image/archive.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "image/archive_header.h"
#include "image/archive_pax.h"
#include "image/archive_sparse.h"

namespace image {
namespace {

// Long names and PAX headers; the largest honest ones are attributes of 64 KiB.
constexpr std::int64_t kLongestExtended = 1 << 20;
constexpr std::int64_t kMostIds = 0xfffffffe;  // 2^32 - 1 means "unchanged" to chown(2)
constexpr std::int64_t kMostDevice = 0xffffffff;

// The old GNU sparse header. man: tar(5), "GNU tar Archives"
constexpr std::size_t kGnuSlots = 386;
constexpr std::size_t kGnuSlotsInHeader = 4;
constexpr std::size_t kGnuExtended = 482;
constexpr std::size_t kGnuRealSize = 483;
constexpr std::size_t kGnuSlotsInBlock = 21;
constexpr std::size_t kGnuBlockExtended = 504;

std::uint64_t padding_of(std::uint64_t size) { return (kTarBlock - size % kTarBlock) % kTarBlock; }

bool all_zero(std::string_view block) {
  return block.find_first_not_of('\0') == std::string_view::npos;
}

base::Result<EntryType> type_of(char type, std::string_view path) {
  switch (type) {
    case '\0':  // v7 knows folders by their names only
      return path.ends_with('/') ? EntryType::Folder : EntryType::File;
    case '0':
    case '7':
    case 'S':
      return EntryType::File;
    case '1':
      return EntryType::HardLink;
    case '2':
      return EntryType::Symlink;
    case '3':
      return EntryType::CharDevice;
    case '4':
      return EntryType::BlockDevice;
    case '5':
      return EntryType::Folder;
    case '6':
      return EntryType::Fifo;
    default:
      return base::config_error("entry ", base::quote(path), " has the unknown type ",
                                base::quote(std::string_view(&type, 1)));
  }
}

base::Status check_name(std::string_view name, std::string_view what) {
  if (name.empty()) return base::config_error("an empty ", what);
  if (name.size() > kLongestPath)
    return base::config_error("a ", what, " of ", name.size(), " bytes, at most ", kLongestPath,
                              " are possible");
  if (name.find('\0') != std::string_view::npos)
    return base::config_error("a ", what, " with NUL in it: ", base::quote(name));
  return {};
}

base::Result<std::uint32_t> within(std::int64_t value, std::int64_t most, std::string_view what) {
  if (value < 0 || value > most)
    return base::config_error(what, " ", value, " is outside 0 to ", most);
  return static_cast<std::uint32_t>(value);
}

}  // namespace

class ArchiveReader::Machine {
 public:
  explicit Machine(EntrySink* to) : to_(to) {}

  base::Status take(std::string_view bytes) {
    while (!bytes.empty() && state_ != State::Done) TRY(step(bytes));
    return {};
  }

  base::Status finish() const {
    // A single end block is enough where nothing follows: some writers leave the second out.
    if (state_ == State::Done || (state_ == State::SecondEnd && partial_.empty())) return {};
    return base::config_error("cut short: it has no end");
  }

  std::string where() const {
    if (current_.empty()) return base::cat("tar archive at ", offset_);
    return base::cat("tar archive at ", offset_, ", entry ", base::quote(current_));
  }

 private:
  enum class State { Header, Extended, GnuSlots, SparseText, Content, Padding, SecondEnd, Done };

  base::Status step(std::string_view& bytes) {
    switch (state_) {
      case State::Extended:
        return extended(bytes);
      case State::SparseText:
        return sparse_text(bytes);
      case State::Content:
        return content(bytes);
      case State::Padding:
        consume(bytes, std::min<std::uint64_t>(padding_, bytes.size()), &padding_);
        if (padding_ == 0) state_ = State::Header;
        return {};
      case State::Header:
      case State::GnuSlots:
      case State::SecondEnd:
      case State::Done:
        break;
    }
    auto block = gather(bytes);
    if (!block) return {};
    auto done = state_ == State::Header     ? header(*block)
                : state_ == State::GnuSlots ? gnu_slots(*block)
                                            : second_end(*block);
    partial_.clear();
    return done;
  }

  std::string_view consume(std::string_view& bytes, std::uint64_t n, std::uint64_t* counter) {
    auto taken = bytes.substr(0, n);
    bytes.remove_prefix(n);
    offset_ += n;
    *counter -= n;
    return taken;
  }

  // The next whole block, once it is there; without a copy where the input holds it whole.
  std::optional<std::string_view> gather(std::string_view& bytes) {
    std::uint64_t wanted = kTarBlock - partial_.size();
    auto piece = consume(bytes, std::min<std::uint64_t>(wanted, bytes.size()), &wanted);
    if (partial_.empty() && piece.size() == kTarBlock) return piece;
    partial_ += piece;
    if (partial_.size() < kTarBlock) return std::nullopt;
    return partial_;
  }

  base::Status header(std::string_view block) {
    if (all_zero(block)) {
      state_ = State::SecondEnd;
      return {};
    }
    header_ = TRY(read_tar_header(block));
    if (header_.size < 0) return base::config_error("size ", header_.size, " is negative");
    switch (header_.type) {
      case 'x':
      case 'g':
      case 'L':
      case 'K':
      case 'V':
        if (header_.size > kLongestExtended)
          return base::config_error("an extended header of ", header_.size, " bytes, at most ",
                                    kLongestExtended, " are read");
        left_ = static_cast<std::uint64_t>(header_.size);
        text_.clear();
        state_ = State::Extended;
        return left_ == 0 ? extended_done() : base::Status{};
      default:
        return entry(block);
    }
  }

  base::Status extended(std::string_view& bytes) {
    text_ += consume(bytes, std::min<std::uint64_t>(left_, bytes.size()), &left_);
    return left_ == 0 ? extended_done() : base::Status{};
  }

  base::Status extended_done() {
    if (header_.type == 'x') {
      pax_ = TRY(read_pax(text_));
    } else if (header_.type == 'L' || header_.type == 'K') {
      auto name = tar_text(text_);
      if (!all_zero(std::string_view(text_).substr(name.size())))
        return base::config_error("a long name with NUL in it: ", base::quote(text_));
      (header_.type == 'L' ? long_name_ : long_link_) = name;
    }
    // Global headers ("g") and volume labels ("V") say nothing that a layer needs.
    return pad(text_.size());
  }

  base::Status pad(std::uint64_t size) {
    padding_ = padding_of(size);
    state_ = padding_ > 0 ? State::Padding : State::Header;
    return {};
  }

  // What a header, and the extended headers before it, say together.
  base::Status entry(std::string_view block) {
    auto pax = std::exchange(pax_, {});
    auto long_name = std::exchange(long_name_, {});
    auto long_link = std::exchange(long_link_, {});
    Entry e;
    e.path = pax.sparse_name ? *pax.sparse_name : pax.path ? *pax.path : header_.name;
    e.link = pax.link ? *pax.link : header_.link;
    // compat: where both stand, every peer's reader lets GNU's long names win.
    if (long_name) e.path = *long_name;
    if (long_link) e.link = *long_link;
    current_ = e.path.substr(0, kLongestPath);
    TRY(check_name(e.path, "name"));
    e.type = TRY(type_of(header_.type, e.path));
    bool link = e.type == EntryType::Symlink || e.type == EntryType::HardLink;
    if (link)
      TRY(check_name(e.link, "link target"));
    else
      e.link.clear();
    e.mode = header_.mode;
    e.uid = TRY(within(pax.uid.value_or(header_.uid), kMostIds, "uid"));
    e.gid = TRY(within(pax.gid.value_or(header_.gid), kMostIds, "gid"));
    e.mtime = pax.mtime.value_or(header_.mtime);
    e.mtime_nanoseconds = pax.mtime_nanoseconds;
    e.dev_major = TRY(within(header_.dev_major, kMostDevice, "device number"));
    e.dev_minor = TRY(within(header_.dev_minor, kMostDevice, "device number"));
    e.xattrs = std::move(pax.xattrs);
    // Only files have content, whatever the size of another entry says.
    stored_ = 0;
    taken_ = 0;
    if (e.type == EntryType::File)
      stored_ = static_cast<std::uint64_t>(pax.size.value_or(header_.size));
    e.size = stored_;
    entry_ = std::move(e);
    return layout(block, pax);
  }

  // Where the stored content belongs: one piece, unless the file is sparse.
  base::Status layout(std::string_view block, const PaxRecords& pax) {
    map_.assign(1, {0, stored_});
    if (entry_.type != EntryType::File) return begin();
    if (header_.type == 'S') {
      auto size = tar_number(block.substr(kGnuRealSize, 12));
      if (!size || *size < 0) return base::config_error("the sparse file's size is no number");
      entry_.size = static_cast<std::uint64_t>(*size);
      map_.clear();
      TRY(add_gnu_slots(block.substr(kGnuSlots), kGnuSlotsInHeader, map_));
      if (block[kGnuExtended] == '\0') return begin();
      state_ = State::GnuSlots;
      return {};
    }
    if (!pax.sparse) return begin();
    if (!pax.sparse_size) return base::config_error("a sparse file without its size");
    entry_.size = static_cast<std::uint64_t>(*pax.sparse_size);
    if (pax.sparse_map_in_content) {
      map_text_ = {};
      state_ = State::SparseText;
      return {};
    }
    map_ = TRY(sparse_map_from(pax.sparse_map));
    return begin();
  }

  base::Status gnu_slots(std::string_view block) {
    TRY(add_gnu_slots(block, kGnuSlotsInBlock, map_));
    return block[kGnuBlockExtended] == '\0' ? begin() : base::Status{};
  }

  base::Status sparse_text(std::string_view& bytes) {
    if (map_text_.complete()) {
      // The rest of the map's last block.
      std::uint64_t rest = std::min(padding_of(taken_), stored_ - taken_);
      std::uint64_t n = std::min<std::uint64_t>(rest, bytes.size());
      taken_ += n;
      consume(bytes, n, &rest);
      if (rest > 0) return {};
      map_ = TRY(map_text_.map());
      stored_ -= taken_;
      return begin();
    }
    if (taken_ == stored_) return base::config_error("the sparse map exceeds the stored content");
    std::uint64_t one = 1;
    ++taken_;
    return map_text_.take(consume(bytes, 1, &one)[0]);
  }

  base::Status begin() {
    if (entry_.size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return base::config_error("size ", entry_.size, " is too large");
    if (entry_.type == EntryType::File) TRY(check_sparse(map_, entry_.size, stored_));
    TRY(to_->begin(entry_));
    left_ = stored_;
    piece_ = 0;
    within_ = 0;
    state_ = State::Content;
    return left_ == 0 ? end() : base::Status{};
  }

  base::Status content(std::string_view& bytes) {
    while (within_ == map_[piece_].size) {
      ++piece_;
      within_ = 0;
    }
    const auto& piece = map_[piece_];
    auto n = std::min<std::uint64_t>(piece.size - within_, bytes.size());
    auto at = piece.offset + within_;
    within_ += n;
    TRY(to_->content(at, consume(bytes, n, &left_)));
    return left_ == 0 ? end() : base::Status{};
  }

  base::Status end() {
    TRY(to_->end());
    current_.clear();
    return pad(stored_ + taken_);
  }

  base::Status second_end(std::string_view block) {
    if (!all_zero(block)) return base::config_error("a header after the end block");
    state_ = State::Done;
    return {};
  }

  EntrySink* to_;
  State state_ = State::Header;
  std::uint64_t offset_ = 0;
  std::string partial_{};  // of a block that the input has split
  std::string current_{};  // name of the present entry, for errors
  TarHeader header_{};
  std::string text_{};  // of an extended header
  PaxRecords pax_{};    // for the next entry, as the long names
  std::optional<std::string> long_name_{};
  std::optional<std::string> long_link_{};
  Entry entry_{};
  SparseMapText map_text_{};
  SparseMap map_{};
  std::uint64_t taken_ = 0;   // of the content, by the sparse map in it
  std::uint64_t stored_ = 0;  // bytes of content in the archive
  std::uint64_t left_ = 0;    // of them, or of an extended header, to come
  std::uint64_t padding_ = 0;
  std::size_t piece_ = 0;
  std::uint64_t within_ = 0;  // bytes of the present piece that are done
};

ArchiveReader::ArchiveReader(EntrySink* to) : machine_(std::make_unique<Machine>(to)) {}
ArchiveReader::~ArchiveReader() = default;

base::Status ArchiveReader::write(std::string_view bytes) {
  auto taken = machine_->take(bytes);
  if (!taken) return std::move(taken).error().in(machine_->where());
  return {};
}

base::Status ArchiveReader::finish() {
  auto finished = machine_->finish();
  if (!finished) return std::move(finished).error().in(machine_->where());
  return {};
}

}  // namespace image
