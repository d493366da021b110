#include "engine/record.h"

#include "base/named.h"
#include "engine/record_members.h"
#include "spec/reading.h"
#include "spec/writing.h"

namespace engine {

std::string_view word(Phase phase) { return base::word_of(kPhases, phase); }

std::string write_record(const Record& record) {
  return base::dump(spec::Writer::write(record), 2) + "\n";
}

base::Result<Record> read_record(std::string_view text) {
  auto json = TRY(base::parse_json(text));
  return spec::Reader::read<Record>(base::Place(json));
}

}  // namespace engine
