#include "image/simple_signing.h"

#include <gpgme.h>

#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <random>

#include "fs/files.h"
#include "fs/tree.h"
#include "image/late.h"
#include "sys/file.h"

namespace image {
namespace {

using base::Fd;
using base::FdRef;
using base::Result;
using base::Status;

constexpr std::uint64_t kLargestKeys = 16 << 20;
constexpr std::size_t kLargestPayload = 4 << 20;

base::Error failure(gpgme_error_t error) {
  auto code = gpgme_err_code(error);
  if (code == GPG_ERR_INV_ENGINE || code == GPG_ERR_ENGINE_TOO_OLD)
    return base::unsupported("the program gpg, which checks signatures, is not installed");
  return base::system_error("gpg: ", gpgme_strerror(error));
}

// A folder that nobody else may look into, and that goes with all that is in it.
class PrivateFolder {
 public:
  static Result<std::unique_ptr<PrivateFolder>> make() {
    constexpr int kMostTries = 100;
    const char* asked = std::getenv("TMPDIR");
    std::string parent = asked && *asked == '/' ? asked : "/tmp";
    auto out = std::unique_ptr<PrivateFolder>(new PrivateFolder);
    out->parent_ = TRY(sys::openat(FdRef::cwd(), parent, O_RDONLY | O_DIRECTORY));
    std::random_device chance;
    for (int i = 0;; ++i) {
      auto name = base::cat("coracle-gpg-", chance(), chance());
      auto made = sys::mkdirat(out->parent_, name, 0700);
      if (!made && made.error().code() == EEXIST && i < kMostTries) continue;
      TRY(std::move(made), parent);
      out->name_ = name;
      out->path_ = base::cat(parent, "/", name);
      return out;
    }
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;
  ~PrivateFolder() {
    if (!name_.empty()) (void)fs::remove_tree(parent_, name_);
  }
  const std::string& path() const { return path_; }

 private:
  PrivateFolder() = default;
  Fd parent_{};
  std::string name_{};
  std::string path_{};
};

struct FreeContext {
  void operator()(gpgme_ctx_t context) const { gpgme_release(context); }
};
struct FreeData {
  void operator()(gpgme_data_t data) const { gpgme_data_release(data); }
};
using Context = std::unique_ptr<gpgme_context, FreeContext>;
using Data = std::unique_ptr<gpgme_data, FreeData>;

Result<Data> data_of(const std::string& bytes) {
  gpgme_data_t data = nullptr;
  constexpr int kCopy = 1;
  if (auto error = gpgme_data_new_from_mem(&data, bytes.data(), bytes.size(), kCopy))
    return failure(error);
  return Data(data);
}

Result<std::string> read_whole(gpgme_data_t data) {
  std::string out;
  char buffer[4096];
  if (gpgme_data_seek(data, 0, SEEK_SET) != 0) return base::system_error("gpg: nothing was signed");
  for (;;) {
    auto got = gpgme_data_read(data, buffer, sizeof buffer);
    if (got < 0) return base::system_error("gpg: nothing can be read");
    if (got == 0) return out;
    out.append(buffer, static_cast<std::size_t>(got));
    if (out.size() > kLargestPayload)
      return base::config_error("signs more than ", kLargestPayload, " bytes");
  }
}

// Why a signature is not good, as a sentence's end.
std::string reason(const gpgme_signature_t signature) {
  auto code = gpgme_err_code(signature->status);
  if (code == GPG_ERR_NO_PUBKEY)
    return base::cat("is by the key ", signature->fpr ? signature->fpr : "?",
                     ", which the policy does not trust");
  if (code == GPG_ERR_BAD_SIGNATURE) return "is not good: what was signed has been changed";
  if (code == GPG_ERR_SIG_EXPIRED) return "has expired";
  if (code == GPG_ERR_KEY_EXPIRED) return "is by a key that has expired";
  if (code == GPG_ERR_CERT_REVOKED) return "is by a key that was revoked";
  return base::cat("is not good: ", gpgme_strerror(signature->status));
}

Status check_signature(const gpgme_signature_t signature) {
  if (gpgme_err_code(signature->status) != GPG_ERR_NO_ERROR)
    return base::state_error(reason(signature));
  constexpr auto kBad = static_cast<unsigned>(GPGME_SIGSUM_KEY_REVOKED) |
                        static_cast<unsigned>(GPGME_SIGSUM_KEY_EXPIRED) |
                        static_cast<unsigned>(GPGME_SIGSUM_SIG_EXPIRED) |
                        static_cast<unsigned>(GPGME_SIGSUM_RED);
  if ((static_cast<unsigned>(signature->summary) & kBad) != 0 || signature->wrong_key_usage ||
      signature->validity == GPGME_VALIDITY_NEVER)
    return base::state_error("is by a key that is not valid for it");
  return {};
}

}  // namespace

struct KeyRing::State {
  std::unique_ptr<PrivateFolder> home{};
  Context context{};

  Status import(const std::string& bytes) const {
    auto data = TRY(data_of(bytes));
    if (auto error = gpgme_op_import(context.get(), data.get())) return failure(error);
    auto result = gpgme_op_import_result(context.get());
    if (!result || result->considered == 0) return base::config_error("holds no OpenPGP key");
    return {};
  }
};

KeyRing::KeyRing(std::unique_ptr<State> state) : state_(std::move(state)) {}
KeyRing::KeyRing(KeyRing&&) noexcept = default;
KeyRing& KeyRing::operator=(KeyRing&&) noexcept = default;
KeyRing::~KeyRing() = default;

Result<KeyRing> KeyRing::make(const KeySource& keys) {
  TRY(load_gpgme());
  // The library wants to be asked once before it does anything.
  (void)gpgme_check_version(nullptr);
  auto state = std::make_unique<State>();
  state->home = TRY(PrivateFolder::make());
  gpgme_ctx_t context = nullptr;
  if (auto error = gpgme_new(&context)) return failure(error);
  state->context.reset(context);
  if (auto error = gpgme_set_protocol(context, GPGME_PROTOCOL_OpenPGP)) return failure(error);
  const auto& home = state->home->path();
  if (auto error =
          gpgme_ctx_set_engine_info(context, GPGME_PROTOCOL_OpenPGP, nullptr, home.c_str()))
    return failure(error);
  // No key is looked for elsewhere. man: gpgme, Key Listing Mode, Offline
  gpgme_set_offline(context, 1);
  for (const auto& path : keys.paths) {
    auto bytes = TRY(fs::read_file(FdRef::cwd(), path, kLargestKeys), "policy: key file ", path);
    TRY(state->import(bytes), "policy: key file ", path);
  }
  for (const auto& bytes : keys.data) TRY(state->import(bytes), "policy: keyData");
  return KeyRing(std::move(state));
}

Result<std::string> KeyRing::verify(const std::string& message) const {
  auto signed_message = TRY(data_of(message));
  gpgme_data_t raw = nullptr;
  if (auto error = gpgme_data_new(&raw)) return failure(error);
  Data plain(raw);
  auto error = gpgme_op_verify(state_->context.get(), signed_message.get(), nullptr, plain.get());
  if (gpgme_err_code(error) == GPG_ERR_NO_DATA || gpgme_err_code(error) == GPG_ERR_BAD_DATA)
    return base::state_error("is no signed OpenPGP message");
  if (error) return failure(error);
  auto result = gpgme_op_verify_result(state_->context.get());
  if (!result || !result->signatures) return base::state_error("is no signed OpenPGP message");
  if (result->signatures->next) return base::state_error("has several signers");
  TRY(check_signature(result->signatures));
  return read_whole(plain.get());
}

}  // namespace image
