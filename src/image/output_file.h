// A file on the host that appears whole or not at all; or standard output.
#pragma once
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "image/digest.h"

namespace image {

class OutputFile : public Sink {
 public:
  // "-" is standard output.
  static base::Result<OutputFile> open(const std::string& path);
  OutputFile(OutputFile&& o) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  // Removes what was written, unless committed.
  ~OutputFile() override;

  base::Status write(std::string_view bytes) override;
  // The file is there, and what stood in its place is gone.
  base::Status commit();

 private:
  OutputFile() = default;
  base::Fd folder_{};
  std::string name_{};
  std::string part_{};  // its name until then; empty: there is nothing to remove
  base::Fd file_{};     // empty for standard output
};

}  // namespace image
