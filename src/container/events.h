// Usage and want of memory of containers, as a stream of JSON lines.
#pragma once
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace container {

struct EventsOptions {
  std::string root{};
  std::vector<std::string> ids{};
  bool all = false;    // all that run, with those that begin to meanwhile, instead of `ids`
  bool stats = false;  // the usage of each, once
  std::chrono::nanoseconds interval = std::chrono::seconds(5);
};

// Takes one line, without its end; false: nobody reads any more.
using PrintLine = std::function<bool(const std::string& line)>;

// {"type":"stats","id":…,"data":{…}} of each container at each interval (the first after one, as
// with runc), {"type":"oom","id":…} whenever the kernel is out of memory in one. Ends with the last
// of the containers, which may go away at any moment, or when the reader hangs up; with `all` only
// then. A container of `ids` that is not there at the beginning is an error, one that has stopped
// too, with the words "container not running".
base::Status events(const EventsOptions& options, const PrintLine& print, base::FdRef reader,
                    std::vector<std::string>& warnings);

}  // namespace container
