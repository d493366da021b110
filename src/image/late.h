// libcurl and GPGME bring thirty other libraries, and loading those takes longer than most commands
// do. They are not linked: late_curl.cc and late_gpgme.cc define the functions of theirs that we
// call, which load the library when the first of them is called.
#pragma once
#include "base/result.h"

namespace image {

// Kind::System when the library cannot be loaded. Its functions then fail in their own ways.
base::Status load_curl();
base::Status load_gpgme();

}  // namespace image
