#include "spec/write.h"

#include "spec/members_linux.h"
#include "spec/writing.h"

namespace spec {

base::Json write_config(const Config& config) { return Writer::write(config); }
base::Json write_process(const Process& process) { return Writer::write(process); }
base::Json write_resources(const Resources& resources) { return Writer::write(resources); }

}  // namespace spec
