// What the fuzzers of archives share.
#pragma once
#include <unistd.h>

#include <cstdint>
#include <string>

namespace fuzz {

inline void put_octal(std::string& bytes, std::size_t at, std::size_t size, unsigned value) {
  for (std::size_t i = at + size; i-- > at; value /= 8)
    bytes[i] = static_cast<char>('0' + value % 8);
}

// Gives every header its checksum: else nearly every change would only show that checksums are
// checked. ours: with us as the owner, since an ordinary user can make no other.
inline void mend_headers(std::string& bytes, bool ours = false) {
  for (std::size_t at = 0; at + 512 <= bytes.size(); at += 512) {
    if (bytes.compare(at + 257, 5, "ustar") != 0) continue;
    if (ours) {
      put_octal(bytes, at + 108, 7, ::geteuid());
      put_octal(bytes, at + 116, 7, ::getegid());
    }
    bytes.replace(at + 148, 8, "        ");
    unsigned sum = 0;
    for (std::size_t i = at; i < at + 512; ++i) sum += static_cast<unsigned char>(bytes[i]);
    put_octal(bytes, at + 148, 6, sum);
  }
}

}  // namespace fuzz
