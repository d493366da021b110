// A bundle in the making: its folder, which appears whole or not at all, and its config.json.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "image/convert.h"
#include "image/image_config.h"
#include "spec/config.h"

namespace image {

// A locked folder beside the bundle's place, for its owner only; removed unless it gets there.
class Unfinished {
 public:
  // The bundle must not exist, or be an empty folder. What a killed bundler left is removed.
  // Kind::State when something is there, or another bundler is making it.
  static base::Result<std::unique_ptr<Unfinished>> start(std::string bundle);
  ~Unfinished();
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;

  // Gives the folder its name.
  base::Status keep();
  base::FdRef folder() const { return folder_; }
  // Where it will be, absolute.
  std::string path() const { return path_; }

 private:
  Unfinished(base::Fd parent, std::string name)
      : parent_(std::move(parent)), name_(std::move(name)) {}
  base::Status make();
  base::Status remove_leftover();
  std::string temporary() const;

  base::Fd parent_;
  std::string name_;
  std::string path_{};
  base::Fd folder_{};
};

// What the caller changes in the configuration before it is written; `root` is for reading.
using Adjust = std::function<base::Status(spec::Config& config, base::FdRef root)>;

// BUNDLE/config.json of the image's configuration and the options, users looked up in `root`. Gives
// the process's working folder, which must be made if it is missing (make_working_folder).
base::Result<std::string> write_bundle_config(base::FdRef bundle, base::FdRef root,
                                              const ImageConfig& config,
                                              const ConvertOptions& options,
                                              const Adjust& adjust = {});
// spec: conversion.md#config.workingdir
base::Status make_working_folder(base::FdRef root, const std::string& path);

}  // namespace image
