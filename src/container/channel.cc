#include "container/channel.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "fs/files.h"
#include "sys/file.h"

namespace container {
namespace {

constexpr std::size_t kLongestSentence = 4096;
constexpr std::uint32_t kLongestText = 16U << 20;

struct Header {
  Word word = Word::Go;
  std::int32_t kind = 0;
  std::int32_t code = 0;
  std::uint32_t size = 0;
};

base::Status send(base::FdRef to, Header header, std::string_view text) {
  header.size = static_cast<std::uint32_t>(text.size());
  // One write where the size allows it: a reader never sees half a failure from a dying process.
  std::string bytes(sizeof header, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  bytes += text;
  return fs::write_all(to, bytes);
}

// False: the end came before the first byte.
base::Result<bool> read_exactly(base::FdRef from, std::span<char> into) {
  bool any = false;
  while (!into.empty()) {
    auto n = TRY(sys::read(from, into));
    if (n == 0 && !any) return false;
    if (n == 0) return base::system_error("the other end hung up in the middle of a message");
    any = true;
    into = into.subspan(n);
  }
  return true;
}

}  // namespace

base::Status send_message(base::FdRef to, Word word, std::string_view text) {
  Header header;
  header.word = word;
  auto sent = send(to, header, text);
  // Who left before hearing this may have said why.
  if (!sent && (sent.error().code() == EPIPE || sent.error().code() == ECONNRESET)) {
    auto last = receive_message(to);
    if (last && last.value() && last.value()->word == Word::Failed)
      return error_of(*std::move(last).value());
    return base::system_error(
        "the process at the other end was killed before it could be told to go on");
  }
  return sent;
}

void send_failure(base::FdRef to, const base::Error& error) {
  Header header;
  header.word = Word::Failed;
  header.kind = static_cast<std::int32_t>(error.kind());
  header.code = error.code();
  (void)send(to, header, std::string_view(error.text()).substr(0, kLongestSentence));
}

base::Result<std::optional<Message>> receive_message(base::FdRef from) {
  std::array<char, sizeof(Header)> bytes;
  if (!TRY(read_exactly(from, bytes))) return std::optional<Message>();
  Header header;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.size > kLongestText) return base::system_error("a message of ", header.size, " bytes");
  Message out;
  out.word = header.word;
  constexpr auto kLast = static_cast<std::int32_t>(base::kLastKind);
  if (header.kind >= 0 && header.kind <= kLast) out.kind = static_cast<base::Kind>(header.kind);
  out.code = header.code;
  out.text.resize(header.size);
  if (header.size > 0 && !TRY(read_exactly(from, out.text)))
    return base::system_error("the other end hung up in the middle of a message");
  return std::optional<Message>(std::move(out));
}

base::Error error_of(Message message) {
  return base::Error(message.kind, message.code, std::move(message.text));
}

base::Result<Message> expect(base::FdRef from, Word word, std::string_view who) {
  auto message = TRY(receive_message(from));
  if (!message) return base::system_error(who, " died before it was ready");
  if (message->word == Word::Failed) return error_of(*std::move(message));
  if (message->word != word) return base::system_error(who, " said something unexpected");
  return *std::move(message);
}

}  // namespace container
