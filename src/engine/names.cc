#include "engine/names.h"

#include <array>
#include <string_view>

#include "base/text.h"
#include "sys/random.h"

namespace engine {
namespace {

constexpr std::array<std::string_view, 32> kHow = {
    "amber", "brave", "brisk",  "calm",   "clever", "coral", "dusty",  "early",
    "fair",  "fleet", "gentle", "glad",   "golden", "grand", "hardy",  "keen",
    "kind",  "light", "lively", "lucky",  "merry",  "misty", "nimble", "proud",
    "quick", "quiet", "silver", "steady", "sunny",  "swift", "warm",   "wise"};
constexpr std::array<std::string_view, 32> kWhat = {
    "anchor", "beacon", "birch", "breeze", "canoe",  "cedar",  "cove",   "crane",
    "delta",  "egret",  "fjord", "gull",   "harbor", "heron",  "island", "kayak",
    "lagoon", "lake",   "loon",  "marsh",  "oar",    "osprey", "otter",  "paddle",
    "pike",   "plover", "reed",  "river",  "salmon", "shore",  "teal",   "willow"};

}  // namespace

base::Result<std::string> invent_id() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<unsigned char, 32> bytes{};
  TRY(sys::random_bytes(bytes));
  std::string out;
  for (auto byte : bytes) {
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

base::Result<std::string> invent_name() {
  std::array<unsigned char, 2> bytes{};
  TRY(sys::random_bytes(bytes));
  return base::cat(kHow[bytes[0] % kHow.size()], "_", kWhat[bytes[1] % kWhat.size()]);
}

}  // namespace engine
