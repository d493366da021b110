#include "image/image_config.h"

#include <doctest/doctest.h>

using namespace image;

namespace {
const std::string kId = "sha256:" + std::string(64, 'b');
const std::string kWhole =
    R"({"created":"2026-11-22T10:00:00Z","author":"me","architecture":"arm","variant":"v7","os":"linux",
"config":{"User":"a:b","ExposedPorts":{"8080/tcp":{}},"Env":["A=1","B="],"Entrypoint":["/init"],
"Cmd":["x","y z"],"Volumes":{"/data":{}},"WorkingDir":"/w","Labels":{"k":"v"},"StopSignal":"SIGINT",
"Healthcheck":{"Test":[]}},
"rootfs":{"type":"layers","diff_ids":[")" +
    kId + R"("]},"history":[{"created_by":"sh"},{"empty_layer":true}],"something":"else"})";
}  // namespace

TEST_CASE("a configuration is read whole and written again") {
  auto config = read_image_config(kWhole);
  REQUIRE(config);
  const auto& c = config.value();
  CHECK(c.platform.text() == "linux/arm/v7");
  CHECK(c.config.user == "a:b");
  CHECK(c.config.exposed_ports == std::vector<std::string>{"8080/tcp"});
  CHECK(c.config.env == std::vector<std::string>{"A=1", "B="});
  CHECK(c.config.entrypoint == std::vector<std::string>{"/init"});
  CHECK(c.config.cmd == std::vector<std::string>{"x", "y z"});
  CHECK(c.config.volumes == std::vector<std::string>{"/data"});
  CHECK(c.config.working_dir == "/w");
  CHECK(c.config.labels == Annotations{{"k", "v"}});
  CHECK(c.config.stop_signal == "SIGINT");
  REQUIRE(c.diff_ids.size() == 1);
  CHECK(c.diff_ids[0].text() == kId);
  REQUIRE(c.history.size() == 2);
  CHECK(c.history[1].empty_layer);
  auto once = base::dump(write_image_config(c));
  CHECK(base::dump(write_image_config(read_image_config(once).value())) == once);
}

TEST_CASE("null members are absent ones") {
  auto config = read_image_config(
      R"({"architecture":"amd64","os":"linux","config":{"Env":null,"Cmd":null,"Entrypoint":null,
"Volumes":null,"Labels":null,"ExposedPorts":null},"rootfs":{"type":"layers","diff_ids":null},
"history":null})");
  REQUIRE(config);
  CHECK(config.value().config.cmd.empty());
  CHECK(config.value().diff_ids.empty());
  CHECK(read_image_config(
      R"({"architecture":"amd64","os":"linux","config":null,"rootfs":{"type":"layers","diff_ids":[]}})"));
}

TEST_CASE("a wrong configuration is refused with the path of what is wrong") {
  struct Row {
    std::string text;
    std::string says;
  };
  for (
      const auto& row : {
          Row{"{}", "os: is required"},
          Row{R"({"os":"linux","architecture":"amd64"})", "rootfs: is required"},
          Row{R"({"os":"linux","architecture":"amd64","rootfs":{"type":"x"}})", "rootfs.type"},
          Row{R"({"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":["x"]}})",
              "rootfs.diff_ids[0]"},
          Row{R"({"os":"linux","architecture":"amd64","config":{"Env":"A=1"}})", "config.Env"},
          Row{R"({"os":"linux","architecture":"amd64","config":{"Cmd":["a\u0000b"]}})",
              "config.Cmd[0]"},
          Row{R"({"os":"linux","architecture":"amd64","config":{"Volumes":["/x"]}})",
              "config.Volumes"},
      }) {
    CAPTURE(row.text);
    auto config = read_image_config(row.text);
    REQUIRE(!config);
    CHECK(config.error().text().find(row.says) != std::string::npos);
  }
}

TEST_CASE("layers and diff_ids must be equally many") {
  auto config = read_image_config(kWhole).value();
  Manifest manifest;
  CHECK(check_layers(manifest, config).error().text() ==
        "the manifest has 0 layers, the image configuration has 1 rootfs.diff_ids");
  manifest.layers.resize(1);
  CHECK(check_layers(manifest, config));
}
