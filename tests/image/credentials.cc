#include "image/credentials.h"

#include <doctest/doctest.h>

#include "folder.h"
#include "image/credential_helper.h"
#include "image/login.h"
#include "image/url.h"

using namespace image;

namespace {
Reference reference(std::string_view text) { return parse_reference(text).value(); }
// joe:pass:word
const std::string kAuth = R"({"auth":"am9lOnBhc3M6d29yZA=="})";
}  // namespace

TEST_CASE("base64 there and back") {
  for (std::string_view text : {"", "a", "ab", "abc", "abcd", "\xff\x00x"})
    CHECK(from_base64(base64(text)) == text);
  CHECK(base64("joe:pass:word") == "am9lOnBhc3M6d29yZA==");
  CHECK(!from_base64("a"));
  CHECK(!from_base64("===="));
  CHECK(!from_base64("a?=="));
}

TEST_CASE("name and password are taken from auths, the password up to its end") {
  auto found = credentials_in(R"({"auths":{"localhost:5000":)" + kAuth + "}}",
                              reference("localhost:5000/a"));
  REQUIRE(found);
  REQUIRE(found.value().credentials);
  CHECK(found.value().credentials->user == "joe");
  CHECK(found.value().credentials->password == "pass:word");
}

TEST_CASE("Docker Hub goes by its old names too") {
  for (std::string_view key :
       {"https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"}) {
    CAPTURE(key);
    auto found =
        credentials_in(base::cat(R"({"auths":{")", key, "\":", kAuth, "}}"), reference("alpine"));
    REQUIRE(found);
    CHECK(found.value().credentials);
  }
}

TEST_CASE("the longest key that covers the image wins, and no other host gets a secret") {
  std::string file =
      R"({"auths":{"x.io":{"username":"host","password":"p"},"x.io/a/b":{"username":"repo","password":"p"},
"x.io/a":{"username":"folder","password":"p"}}})";
  auto user = [&](std::string_view name) {
    auto found = credentials_in(file, reference(name)).value();
    return found.credentials ? found.credentials->user : "";
  };
  CHECK(user("x.io/a/b") == "repo");
  CHECK(user("x.io/a/b/c") == "repo");
  CHECK(user("x.io/a/bc") == "folder");
  CHECK(user("x.io/ab") == "host");
  CHECK(user("x.io:444/a") == "");
  CHECK(user("evil-x.io/a") == "");
  CHECK(user("x.io.evil.com/a") == "");
}

TEST_CASE("a registry's own helper comes before the file, the common one after it") {
  auto helper = [](std::string_view file) {
    auto found = credentials_in(file, reference("x.io/a"));
    REQUIRE(found);
    return found.value().helper;
  };
  CHECK(helper(R"({"credsStore":"secretservice","auths":{"x.io":{}}})") == "secretservice");
  CHECK(helper(R"({"credHelpers":{"x.io":"ecr","y.io":"gcr"}})") == "ecr");
  CHECK(helper(R"({"credHelpers":{"y.io":"gcr"}})") == "");
  CHECK(helper(R"({"credsStore":"s","auths":{"x.io":)" + kAuth + "}}") == "");
  CHECK(helper(R"({"credHelpers":{"x.io":"ecr"},"auths":{"x.io":)" + kAuth + "}}") == "ecr");
}

TEST_CASE("login replaces its registry's entry under any spelling and keeps all else") {
  auto text = with_credentials(
      R"({"auths":{"https://x.io/v2/":{"auth":"old"},"x.io/a":{"auth":"YTpi"}},"HttpHeaders":{"a":"b"}})",
      "x.io", {.user = "joe", .password = "pass:word"});
  REQUIRE(text);
  CHECK(text.value().find("old") == std::string::npos);
  CHECK(text.value().find("HttpHeaders") != std::string::npos);
  CHECK(credentials_in(text.value(), reference("x.io/b")).value().credentials->password ==
        "pass:word");
  CHECK(credentials_in(text.value(), reference("x.io/a")).value().credentials->user == "a");
  CHECK(with_credentials("", "x.io", {.user = "joe", .password = "p"}));
  CHECK(!with_credentials("[]", "x.io", {.user = "joe", .password = "p"}));
}

TEST_CASE("logout takes a registry's entries away, or all") {
  std::string file = R"({"auths":{"x.io":{},"x.io/a":{},"y.io":{}}})";
  CHECK(without_credentials(file, "x.io").value().keys ==
        std::vector<std::string>{"x.io", "x.io/a"});
  CHECK(without_credentials(file, "").value().keys.size() == 3);
  CHECK(without_credentials(file, "z.io").value().keys.empty());
}

TEST_CASE("an upload's place is read against the request's address") {
  CHECK(resolve_url("http://h.io:5000/v2/a/blobs/uploads/", "/v2/up?state=1") ==
        "http://h.io:5000/v2/up?state=1");
  CHECK(resolve_url("http://h.io/v2/", "https://cdn.io/x") == "https://cdn.io/x");
}

TEST_CASE("a helper that does not answer in its time is given up, and named") {
  Folder folder;
  folder.write("docker-credential-slow", "#!/bin/sh\nexec sleep 1000\n", 0755);
  HelperWorld helpers{.search_path = folder.path() + ":/usr/bin:/bin", .seconds = 1};
  auto answer = helper_get(helpers, "slow", "x.io");
  REQUIRE(!answer);
  CHECK(answer.error().text().starts_with("credential helper \"slow\": "));
  CHECK(answer.error().text().ends_with("/docker-credential-slow: has not ended after 1 seconds"));
}

TEST_CASE("helpers that registries.conf names are asked in its order, the files among them") {
  Folder folder;
  folder.write("docker-credential-none", "#!/bin/sh\necho credentials not found; exit 1\n", 0755);
  folder.write("docker-credential-has",
               "#!/bin/sh\necho '{\"Username\":\"helped\",\"Secret\":\"s\"}'\n", 0755);
  auto file = folder.write("auth.json", R"({"auths":{"x.io":)" + kAuth + "}}");
  auto user = [&](std::vector<std::string> order) {
    HelperWorld helpers{.search_path = folder.path() + ":/bin", .order = std::move(order)};
    return find_credentials({file}, reference("x.io/a"), helpers).value().credentials->user;
  };
  CHECK(user({}) == "joe");
  CHECK(user({"none", "has", "containers-auth.json"}) == "helped");
  CHECK(user({"none", "containers-auth.json", "has"}) == "joe");
}

TEST_CASE("a damaged secret is refused without showing it") {
  auto found =
      credentials_in(R"({"auths":{"x.io":{"auth":"c2VjcmV0"}}})", reference("x.io/a"));  // "secret"
  REQUIRE(!found);
  CHECK(found.error().text().find("c2VjcmV0") == std::string::npos);
  auto broken = credentials_in(R"({"auths":{"x.io":{"auth":"c2VjcmV0"}},!})", reference("x.io/a"));
  REQUIRE(!broken);
  CHECK(broken.error().text() == "not JSON");
}

TEST_CASE("addresses are taken apart, and odd ones refused") {
  auto url = parse_url("HTTPS://Host.IO/v2/x?y=z");
  REQUIRE(url);
  CHECK(url.value().scheme == "https");
  CHECK(url.value().host == "host.io");
  CHECK(url.value().port == "443");
  CHECK(parse_url("http://[::1]:5000/").value().host == "::1");
  for (auto text : {"", "x y", "http://", "https://joe:secret@h.io/", "https://joe@h.io/",
                    "http://h.io/\r\nX: y", "http://h.io:99999/"}) {
    CAPTURE(text);
    CHECK(!parse_url(text));
  }
  CHECK(percent_encoded("repository:a/b:pull c") == "repository%3Aa%2Fb%3Apull%20c");
}

TEST_CASE(
    "plain http is for loopback, loopback for registries on loopback, link-local for nobody") {
  auto may = [](std::string_view url, std::string_view registry, bool plain) {
    return static_cast<bool>(check_reachable(parse_url(url).value(), registry, plain));
  };
  CHECK(may("https://cdn.io/x", "r.io", false));
  CHECK(!may("http://r.io/x", "r.io", false));
  CHECK(may("http://r.io/x", "r.io", true));
  CHECK(may("http://127.0.0.1:5000/x", "localhost", false));
  CHECK(may("http://[::1]:5000/x", "localhost", false));
  CHECK(!may("http://127.0.0.1:5000/x", "r.io", true));
  CHECK(!may("https://localhost/x", "r.io", false));
  CHECK(!may("http://169.254.169.254/latest", "r.io", true));
  CHECK(!may("http://[fe80::1]/x", "r.io", true));
  CHECK(!may("file:///etc/passwd", "localhost", true));
  CHECK(!may("ftp://r.io/x", "r.io", true));
  // Names that only look like numbers of loopback.
  CHECK(!is_loopback("127.0.0.1.evil.io"));
  CHECK(!is_loopback("1270.0.0.1"));
  CHECK(is_loopback("127.255.0.9"));
}
