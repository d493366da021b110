// Each function has the name and the form that <systemd/sd-bus.h> gives it: callers see no
// difference.
#include "systemd/late_sd_bus.h"

#include <systemd/sd-bus.h>

#include <cerrno>

#include "sys/library.h"

namespace {

const sys::Library& library() {
  static const sys::Library one("libsystemd.so.0");
  return one;
}

}  // namespace

#define LATE(name) static const auto late = library().function<decltype(&(name))>(#name)

base::Status systemd::load_sd_bus() {
  if (library().problem().empty()) return {};
  return base::unsupported("systemd is reached by libsystemd, which is not there: ",
                           library().problem());
}

int sd_bus_new(sd_bus** bus) {
  LATE(sd_bus_new);
  return late ? late(bus) : -EOPNOTSUPP;
}

int sd_bus_set_address(sd_bus* bus, const char* address) {
  LATE(sd_bus_set_address);
  return late ? late(bus, address) : -EOPNOTSUPP;
}

int sd_bus_set_bus_client(sd_bus* bus, int yes) {
  LATE(sd_bus_set_bus_client);
  return late ? late(bus, yes) : -EOPNOTSUPP;
}

int sd_bus_start(sd_bus* bus) {
  LATE(sd_bus_start);
  return late ? late(bus) : -EOPNOTSUPP;
}

int sd_bus_is_ready(sd_bus* bus) {
  LATE(sd_bus_is_ready);
  return late ? late(bus) : -EOPNOTSUPP;
}

int sd_bus_get_fd(sd_bus* bus) {
  LATE(sd_bus_get_fd);
  return late ? late(bus) : -EOPNOTSUPP;
}

int sd_bus_process(sd_bus* bus, sd_bus_message** message) {
  LATE(sd_bus_process);
  return late ? late(bus, message) : -EOPNOTSUPP;
}

int sd_bus_wait(sd_bus* bus, uint64_t microseconds) {
  LATE(sd_bus_wait);
  return late ? late(bus, microseconds) : -EOPNOTSUPP;
}

void sd_bus_close(sd_bus* bus) {
  LATE(sd_bus_close);
  if (late) late(bus);
}

sd_bus* sd_bus_unref(sd_bus* bus) {
  LATE(sd_bus_unref);
  return late ? late(bus) : nullptr;
}

sd_bus_slot* sd_bus_slot_unref(sd_bus_slot* slot) {
  LATE(sd_bus_slot_unref);
  return late ? late(slot) : nullptr;
}

int sd_bus_match_signal_async(sd_bus* bus, sd_bus_slot** slot, const char* sender, const char* path,
                              const char* interface, const char* member,
                              sd_bus_message_handler_t match, sd_bus_message_handler_t added,
                              void* userdata) {
  LATE(sd_bus_match_signal_async);
  return late ? late(bus, slot, sender, path, interface, member, match, added, userdata)
              : -EOPNOTSUPP;
}

int sd_bus_call_async(sd_bus* bus, sd_bus_slot** slot, sd_bus_message* message,
                      sd_bus_message_handler_t answer, void* userdata, uint64_t microseconds) {
  LATE(sd_bus_call_async);
  return late ? late(bus, slot, message, answer, userdata, microseconds) : -EOPNOTSUPP;
}

int sd_bus_message_new_method_call(sd_bus* bus, sd_bus_message** message, const char* service,
                                   const char* path, const char* interface, const char* member) {
  LATE(sd_bus_message_new_method_call);
  return late ? late(bus, message, service, path, interface, member) : -EOPNOTSUPP;
}

sd_bus_message* sd_bus_message_ref(sd_bus_message* message) {
  LATE(sd_bus_message_ref);
  return late ? late(message) : nullptr;
}

sd_bus_message* sd_bus_message_unref(sd_bus_message* message) {
  LATE(sd_bus_message_unref);
  return late ? late(message) : nullptr;
}

const sd_bus_error* sd_bus_message_get_error(sd_bus_message* message) {
  LATE(sd_bus_message_get_error);
  return late ? late(message) : nullptr;
}

int sd_bus_message_append_basic(sd_bus_message* message, char type, const void* value) {
  LATE(sd_bus_message_append_basic);
  return late ? late(message, type, value) : -EOPNOTSUPP;
}

int sd_bus_message_open_container(sd_bus_message* message, char type, const char* contents) {
  LATE(sd_bus_message_open_container);
  return late ? late(message, type, contents) : -EOPNOTSUPP;
}

int sd_bus_message_close_container(sd_bus_message* message) {
  LATE(sd_bus_message_close_container);
  return late ? late(message) : -EOPNOTSUPP;
}

int sd_bus_message_peek_type(sd_bus_message* message, char* type, const char** contents) {
  LATE(sd_bus_message_peek_type);
  return late ? late(message, type, contents) : -EOPNOTSUPP;
}

int sd_bus_message_read_basic(sd_bus_message* message, char type, void* value) {
  LATE(sd_bus_message_read_basic);
  return late ? late(message, type, value) : -EOPNOTSUPP;
}

int sd_bus_message_enter_container(sd_bus_message* message, char type, const char* contents) {
  LATE(sd_bus_message_enter_container);
  return late ? late(message, type, contents) : -EOPNOTSUPP;
}

int sd_bus_message_exit_container(sd_bus_message* message) {
  LATE(sd_bus_message_exit_container);
  return late ? late(message) : -EOPNOTSUPP;
}
