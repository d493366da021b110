// Instructions that change an image's configuration, in the words of a Dockerfile. Pure.
#pragma once
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace image {

// "CMD [\"sh\", \"-c\", \"x\"]", "CMD x y" (by a shell), ENTRYPOINT, ENV A=b or A b, EXPOSE 80/tcp,
// LABEL a=b, USER u:g, VOLUME /a /b or ["/a"], WORKDIR /w (relative: below the present one),
// STOPSIGNAL SIGTERM. Changes the document's "config" member, and nothing else; what the document
// has besides stays. Kind::Usage for what is no such instruction.
// compat: docker commit --change; spec: config.md#properties
base::Status apply_instruction(std::string_view text, base::Json& image_config);

}  // namespace image
