// How the lists of JSON members are written: once, for the reader and for the writer.
//
// For each struct of the configuration there is one function `members(f, x)` that names its JSON
// members in the order in which they are written. f is a Reader (reading.h; x is filled in) or a
// Writer (writing.h; x is const). What f understands:
//   must, may            a member that has to be there, or need not
//   must_word, may_word  a text (or an enumeration) out of a table of words.h; "" is absent
//   may_words            a list of such texts
//   must_unless          a member that need not be there when the condition holds
//   keyed                an object whose names are a member of its values
//   inside               members of an object that is no struct of its own
#pragma once
#include <concepts>
#include <type_traits>

namespace spec {

template <class T, class S>
concept is = std::same_as<std::remove_const_t<T>, S>;

}  // namespace spec
