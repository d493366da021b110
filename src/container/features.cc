#include "container/features.h"

#include "apply/seccomp.h"
#include "plan/mount_options.h"
#include "plan/process.h"
#include "plan/seccomp.h"
#include "sys/identity.h"

namespace container {

base::Result<spec::FeatureFacts> feature_facts() {
  spec::FeatureFacts out;
  out.mount_options = plan::mount_option_words();
  auto count = sys::capability_count();
  out.capabilities = plan::capability_names(count >= 64 ? ~0ULL : (1ULL << count) - 1);
  out.version = CORACLE_VERSION;
  out.libseccomp_version = plan::libseccomp_version();
  out.seccomp_flags = apply::supported_seccomp_flags();
  return out;
}

std::string libseccomp_version() { return plan::libseccomp_version(); }

}  // namespace container
