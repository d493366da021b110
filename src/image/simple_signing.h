// Simple signing: OpenPGP messages that are signed by one of a policy's keys. By GnuPG.
#pragma once
#include <memory>
#include <string>

#include "base/result.h"
#include "image/policy.h"

namespace image {

// The keys of a requirement, and no other, in a home folder of GnuPG that lives as long as this.
class KeyRing {
 public:
  // Kind::Config when a file cannot be read or no key is in it, Kind::Unsupported without gpg.
  static base::Result<KeyRing> make(const KeySource& keys);
  KeyRing(KeyRing&&) noexcept;
  KeyRing& operator=(KeyRing&&) noexcept;
  ~KeyRing();
  // What a signed message says, when its one signature is good, not expired, and by one of the
  // keys.
  base::Result<std::string> verify(const std::string& message) const;

 private:
  struct State;
  explicit KeyRing(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace image
