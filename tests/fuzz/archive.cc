// Any bytes as a tar archive, in pieces: no crash, and content only where the entry has room for
// it.
#include "image/archive.h"

#include <cstdlib>

#include "fuzz/tar.h"
#include "image/layer.h"

namespace {
class Checked : public image::EntrySink {
 public:
  base::Status begin(const image::Entry& entry) override {
    (void)image::layer_operation(entry);
    size_ = entry.size;
    end_ = 0;
    return {};
  }
  base::Status content(std::uint64_t offset, std::string_view bytes) override {
    if (bytes.empty() || offset < end_ || offset + bytes.size() > size_) std::abort();
    end_ = offset + bytes.size();
    return {};
  }
  base::Status end() override { return {}; }

 private:
  std::uint64_t size_ = 0;
  std::uint64_t end_ = 0;
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string mended(reinterpret_cast<const char*>(data), size);
  fuzz::mend_headers(mended);
  std::string_view bytes = mended;
  Checked entries;
  image::ArchiveReader reader(&entries);
  std::size_t piece = size == 0 ? 1 : 1 + static_cast<unsigned char>(bytes[size - 1]) * 7U;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
    if (!reader.write(bytes.substr(0, piece))) return 0;
  (void)reader.finish();
  return 0;
}
