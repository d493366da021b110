#include "engine/record.h"

#include <doctest/doctest.h>

namespace {

engine::Record full() {
  engine::Record out;
  out.id = std::string(64, 'a');
  out.name = "bird";
  out.created = "2026-01-02T03:04:05Z";
  out.image = "alpine";
  out.image_digest = "sha256:" + std::string(64, 'b');
  out.command = {"sh", "-c", "echo \"x\"\n"};
  out.hostname = "nest";
  out.labels = {{"a", "b"}, {"empty", ""}};
  out.tty = out.open_stdin = out.remove = true;
  out.restart = {engine::RestartPolicy::OnFailure, 3};
  out.stop_signal = "HUP";
  out.stop_timeout = 3;
  out.network.networks = {{"net1", {"alias"}, "10.1.2.3", ""}};
  out.network.ports = {{"127.0.0.1", 8080, 80, "tcp"}, {"", 0, 53, "udp"}};
  out.joins = {{"pid", std::string(64, 'c')}};
  out.volumes = {{"data", "/data", true, false}};
  out.state.phase = engine::Phase::Running;
  out.state.run = 7;
  out.state.init = {123, 456789};
  out.state.restart_wanted = true;
  out.state.attachments = {
      {"net1", "eth0", {"10.1.2.3/24"}, "10.1.2.1", "02:00:00:00:00:01", "{}", "{}"}};
  return out;
}

}  // namespace

TEST_CASE("a record that is written and read again is the same") {
  auto text = engine::write_record(full());
  auto read = engine::read_record(text);
  REQUIRE(read);
  CHECK(engine::write_record(read.value()) == text);
  CHECK(read.value().command == full().command);
  CHECK(read.value().state.init.start_time == 456789);
  CHECK(read.value().network.ports == full().network.ports);
  CHECK(read.value().restart.most == 3);
}

TEST_CASE("what is wrong in a record is named by its place") {
  auto text = engine::write_record(full());
  auto wrong = [&](const std::string& what, const std::string& by) {
    auto changed = text;
    changed.replace(changed.find(what), what.size(), by);
    auto read = engine::read_record(changed);
    REQUIRE_FALSE(read);
    return read.error().text();
  };
  CHECK(
      wrong("\"running\"", "\"dancing\"").find("state.status: must be one of creating, created") ==
      0);
  CHECK(wrong("\"host\": 8080", "\"host\": 65536").find("network.ports[0].host") == 0);
  CHECK(wrong("\"id\"", "\"di\"").find("id") != std::string::npos);
}
