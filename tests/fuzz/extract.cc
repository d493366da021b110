// Any bytes as two layers, applied to a real folder: nothing beside that folder changes. The
// folders are made below $FUZZ_FOLDER (else /tmp); root steps down first, so that what did escape
// could not harm the machine either.
#include "image/extract.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "fs/tree.h"
#include "fuzz/tar.h"
#include "image/archive.h"

namespace {
namespace files = std::filesystem;

class Sandbox {
 public:
  Sandbox() {
    constexpr unsigned kNobody = 65534;
    const char* given = ::getenv("FUZZ_FOLDER");
    path_ = files::path(given ? given : "/tmp") / base::cat("extract-", ::getpid());
    files::create_directories(path_ / "root");
    files::create_directories(path_ / "outside");
    std::ofstream(path_ / "outside/victim") << "untouched";
    ::chmod((path_ / "outside/victim").c_str(), 0640);
    if (::geteuid() == 0) {
      for (const char* name : {"", "root", "outside", "outside/victim"})
        (void)!::chown((path_ / name).c_str(), kNobody, kNobody);
      if (::setgroups(0, nullptr) != 0 || ::setregid(kNobody, kNobody) != 0 ||
          ::setreuid(kNobody, kNobody) != 0)
        std::abort();
    }
    ::umask(0);
    before_ = seen();
  }
  base::Fd root() const {
    return base::Fd(::open((path_ / "root").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  void check() const {
    if (seen() != before_) std::abort();
  }

 private:
  // All that stands beside the root, with its status; and the root as a name.
  std::string seen() const {
    std::ostringstream out;
    for (const auto& entry : files::directory_iterator(path_)) out << entry.path() << ' ';
    for (const auto& entry : files::recursive_directory_iterator(path_ / "outside")) {
      struct stat st {};
      ::lstat(entry.path().c_str(), &st);
      out << entry.path() << ' ' << st.st_mode << ' ' << st.st_nlink << ' ' << st.st_size << ' '
          << st.st_mtim.tv_sec << '.' << st.st_mtim.tv_nsec << '\n';
    }
    out << std::ifstream(path_ / "outside/victim").rdbuf();
    return out.str();
  }
  files::path path_{};
  std::string before_{};
};

void apply(base::FdRef root, std::string_view bytes, image::Onto onto,
           const image::ExtractOptions& options, image::ExtractTotals& totals) {
  image::Extractor extractor(root, options, &totals, onto);
  image::ArchiveReader reader(&extractor);
  if (!reader.write(bytes)) return;
  if (reader.finish()) (void)extractor.finish();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Sandbox sandbox;
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  fuzz::mend_headers(bytes, true);
  image::ExtractOptions options{.rootless = (data[0] & 1) != 0,
                                .limits = {.bytes = 1 << 20, .entries = 200}};
  image::ExtractTotals totals;
  auto root = sandbox.root();
  // The second layer begins at a block of the input.
  auto half = bytes.size() / 1024 * 512;
  bool overlay = (data[0] & 2) != 0;
  apply(root, bytes.substr(0, half) + std::string(1024, '\0'), image::Onto::Nothing, options,
        totals);
  apply(root, std::string_view(bytes).substr(half),
        overlay ? image::Onto::Overlay : image::Onto::Layers, options, totals);
  sandbox.check();
  if (!fs::empty_dir(root)) std::abort();
  return 0;
}
