// The environment of a program that deals with images: the one place that asks for it.
#pragma once
#include "bundler/environment.h"

namespace bundler {

// Once, at the beginning of main.
Environment read_environment();

}  // namespace bundler
