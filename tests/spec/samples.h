// The documents that these tests read: samples of callers' configurations, and bad ones.
#pragma once
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "base/json.h"

namespace samples {

inline constexpr const char* kGood[] = {"minimal", "containerd", "docker", "podman", "everything"};

inline std::string text_of(const std::string& path) {
  std::ifstream file(path);
  REQUIRE_MESSAGE(file, path);
  return {std::istreambuf_iterator<char>(file), {}};
}
// TESTS, SCHEMA and BUNDLES are the folders, given by meson.
inline std::string good(const std::string& name) {
  return text_of(std::string(TESTS) + "/samples/" + name + ".json");
}
inline base::Json json_of(const std::string& text) {
  auto json = base::parse_json(text);
  REQUIRE_MESSAGE(json, json.error().text());
  return std::move(json).value();
}

}  // namespace samples
