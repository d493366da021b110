// A folder of a test's own, removed at its end.
#pragma once
#include <stdlib.h>

#include <string>

#include "fs/files.h"
#include "fs/tree.h"
#include "sys/file.h"

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/coracle-test-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    if (auto tmp = sys::openat(base::FdRef::cwd(), "/tmp", O_RDONLY | O_DIRECTORY))
      (void)fs::remove_tree(tmp.value(), path_.substr(5));
  }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  // A file with this text, its folders made.
  std::string write(const std::string& name, const std::string& text, unsigned mode = 0644) const {
    auto path = *this / name;
    (void)fs::make_dirs(path.substr(0, path.find_last_of('/')), 0755);
    auto file = sys::openat(base::FdRef::cwd(), path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    if (file) (void)fs::write_all(file.value(), text);
    return path;
  }
  std::string read(const std::string& name) const {
    auto text = fs::read_file(base::FdRef::cwd(), *this / name);
    return text ? text.value() : "error: " + text.error().text();
  }
  bool has(const std::string& name) const {
    return static_cast<bool>(sys::fstatat(base::FdRef::cwd(), *this / name, AT_SYMLINK_NOFOLLOW));
  }

 private:
  std::string path_{};
};
