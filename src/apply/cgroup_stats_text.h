// The forms in which control files say numbers.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apply/cgroup_stats.h"

namespace apply {

// The file's only number, "max" being the greatest; 0 where it is absent or says something else.
std::uint64_t number_in(const ControlFiles& files, const std::string& file);

// "usage_usec 42", line by line.
using KeyedNumbers = std::vector<std::pair<std::string, std::uint64_t>>;
KeyedNumbers keyed_numbers(std::string_view text);
KeyedNumbers keyed_numbers_in(const ControlFiles& files, const std::string& file);
// 0 where the key is absent.
std::uint64_t value_of(const KeyedNumbers& numbers, std::string_view key);

// "0-2,7" is 0, 1, 2, 7. What is no such list, or a list of more than 65536 numbers, is empty.
std::vector<std::uint64_t> number_list(std::string_view text);

// Nothing where the file is absent or the kernel does not count.
std::optional<Pressure> pressure_in(const ControlFiles& files, const std::string& file);

// The page sizes in the names of files: "hugetlb.2MB.current" with this end.
std::vector<std::string> page_sizes(const ControlFiles& files, std::string_view end);

}  // namespace apply
