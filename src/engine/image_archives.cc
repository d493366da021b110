// save, load, import: images as files.
#include <fcntl.h>

#include <map>

#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "bundler/trust.h"
#include "engine/commands.h"
#include "engine/image_commands.h"
#include "engine/image_names.h"
#include "engine/journal.h"
#include "image/archive.h"
#include "image/compression.h"
#include "image/export.h"
#include "image/import.h"
#include "image/manifest.h"
#include "image/output_file.h"
#include "image/stream.h"
#include "sys/file.h"
#include "sys/terminal.h"

namespace engine {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using Status = base::Status;

constexpr std::uint64_t kLargestList = 4U << 20;
constexpr std::string_view kContainerdName = "io.containerd.image.name";

void note_image(const Context& context, const std::string& action, const std::string& name) {
  note_event(context,
             {.type = "image", .action = action, .id = name, .attributes = {{"name", name}}});
}

// What can be read twice: a file of the user's, or standard input in a file that has no name.
struct Source {
  Fd kept{};
  std::string path{};
};
Result<Source> source_of(const Context& context, const std::string& path) {
  if (!path.empty() && path != "-") return Source{.path = path};
  if (sys::isatty(FdRef::inherited(0)))
    return base::usage_error("an archive is not typed at a terminal: say a file, or < FILE");
  Source out;
  out.kept = TRY(sys::openat(FdRef::cwd(), context.places.store, O_TMPFILE | O_RDWR, 0600));
  image::FileSink sink(out.kept);
  TRY(image::feed(FdRef::inherited(0), sink), "standard input");
  out.path = base::cat("/proc/self/fd/", out.kept.raw());
  return out;
}

// The documents in an archive that say which images are in it.
class Lists : public image::EntrySink {
 public:
  Status begin(const image::Entry& entry) override {
    std::string_view path = entry.path;
    if (path.starts_with("./")) path.remove_prefix(2);
    text_ = nullptr;
    bool wanted = path == "manifest.json" || path == "index.json";
    if (wanted && entry.size <= kLargestList) text_ = &texts_[std::string(path)];
    return {};
  }
  Status content(std::uint64_t, std::string_view bytes) override {
    if (text_) *text_ += bytes;
    return {};
  }
  Status end() override { return {}; }
  const std::string& text(const std::string& name) { return texts_[name]; }

 private:
  std::map<std::string, std::string> texts_{};
  std::string* text_ = nullptr;
};

// An image in an archive: what the archive calls it, and what the store is to.
struct Listed {
  std::string inside{};
  std::string name{};
};

Result<std::vector<Listed>> listed_in_index(const std::string& text) {
  std::vector<Listed> out;
  auto index = TRY(image::read_index(text), "index.json");
  for (const auto& entry : index.manifests) {
    auto inside = entry.annotation(image::kRefName);
    auto whole = entry.annotation(kContainerdName);
    out.push_back({inside, whole.empty() ? inside : whole});
  }
  return out;
}

Result<std::vector<Listed>> images_in(const std::string& path) {
  Lists lists;
  image::ArchiveReader reader(&lists);
  image::Decompressor plain(&reader, {});
  auto file = TRY(sys::openat(FdRef::cwd(), path, O_RDONLY));
  TRY(image::feed(file, plain));
  TRY(plain.finish());
  TRY(reader.finish());
  if (!lists.text("index.json").empty() && lists.text("manifest.json").empty())
    return listed_in_index(lists.text("index.json"));
  if (lists.text("manifest.json").empty())
    return base::usage_error("holds no image: `import` takes an archive of files");
  std::vector<Listed> out;
  auto json = TRY(base::parse_json(lists.text("manifest.json")), "manifest.json");
  for (const auto& entry : TRY(base::Place(json).items(), "manifest.json"))
    for (const auto& tag : TRY(entry.opt_strings("RepoTags"), "manifest.json"))
      out.push_back({tag, tag});
  if (out.empty()) out.push_back({});
  return out;
}

Result<image::Reference> passing_name() {
  return image::parse_reference("localhost/import:passing");
}

}  // namespace

Result<int> execute(const Context& context, const SaveCommand& command) {
  bool to_output = command.output.empty() || command.output == "-";
  if (to_output && sys::isatty(FdRef::inherited(1)))
    return base::usage_error("save: an archive is nothing for a terminal: say -o FILE, or > FILE");
  auto store = TRY(image::Store::open(context.places.store));
  auto found = TRY(find_image(context, store, command.image), "save");
  auto image = TRY(store.image(found.name, found.descriptor), "save ", command.image);
  auto file = TRY(image::OutputFile::open(to_output ? "-" : command.output), "save");
  TRY(image::export_docker_archive(store, image, file), "save ", command.image);
  TRY(file.commit(), "save");
  note_image(context, "save", short_text(found.name));
  return 0;
}

Result<int> execute(const Context& context, const LoadCommand& command) {
  auto store = TRY(image::Store::open(context.places.store));
  auto source = TRY(source_of(context, command.input), "load");
  auto images = TRY(images_in(source.path), "load ", command.input);
  image::ImportOptions options;
  options.trust = TRY(bundler::read_trust(context.policy, context.environment), "load");
  for (const auto& one : images) {
    bool nameless = one.name.empty();
    auto name = nameless ? passing_name() : image::parse_reference(one.name);
    auto reference = TRY(std::move(name), "load");
    auto image =
        TRY(image::import_source(store, source.path, one.inside, reference, options), "load");
    if (nameless) TRY(make_nameless(store, reference, image), "load");
    auto shown = nameless ? image.digest.text() : short_text(reference);
    note_image(context, "load", shown);
    if (!command.quiet) TRY(print(base::cat("Loaded image: ", shown, "\n")));
  }
  return 0;
}

Result<int> execute(const Context& context, const ImportImageCommand& command) {
  bool nameless = command.name.empty();
  auto name = TRY(nameless ? passing_name() : image::parse_reference(command.name), "import");
  if (name.digest)
    return base::usage_error("import: ", base::quote(command.name),
                             " must have a tag, not a digest");
  auto store = TRY(image::Store::open(context.places.store));
  auto source = TRY(source_of(context, command.source), "import");
  image::ImportOptions options{.created = base::rfc3339(context.environment.now, 0),
                               .created_by = "engine import",
                               .message = command.message,
                               .instructions = command.changes};
  options.trust = TRY(bundler::read_trust(context.policy, context.environment), "import");
  auto image =
      TRY(image::import_source(store, source.path, {}, name, options), "import ", command.source);
  if (nameless) TRY(make_nameless(store, name, image), "import");
  note_image(context, "import", nameless ? image.digest.text() : short_text(name));
  TRY(print(image.digest.text() + "\n"));
  return 0;
}

}  // namespace engine
