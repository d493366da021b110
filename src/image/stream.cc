#include "image/stream.h"

#include <vector>

#include "fs/files.h"
#include "sys/file.h"

namespace image {

base::Status FileSink::write(std::string_view bytes) { return fs::write_all(to_, bytes); }

base::Status feed(base::FdRef from, Sink& to) {
  constexpr std::size_t kReadAtOnce = 256U << 10;
  std::vector<char> buffer(kReadAtOnce);
  for (;;) {
    auto n = TRY(sys::read(from, buffer));
    if (n == 0) return {};
    TRY(to.write({buffer.data(), n}));
  }
}

}  // namespace image
