#include "apply/net_devices.h"

#include <fcntl.h>
#include <sched.h>

#include <cerrno>

#include "sys/file.h"
#include "sys/process.h"

namespace apply {
namespace {

using base::FdRef;
using base::Result;
using base::Status;

// A socket stays in the namespace that it was opened in.
Result<Route> route_of(FdRef there, FdRef here) {
  TRY(sys::setns(there, CLONE_NEWNET), "the container's network namespace");
  auto route = Route::open();
  TRY(sys::setns(here, CLONE_NEWNET), "back to our own network namespace");
  return route;
}

Status check_free(Route& container, const plan::NetDevice& device) {
  if (device.numbered) return {};
  auto taken = container.link(device.name);
  if (taken)
    return base::state_error(device.what, ": the container's network namespace already has a ",
                             "network device ", base::quote(device.name));
  if (taken.error().code() == ENODEV) return {};
  return std::move(taken).error().in(device.what);
}

}  // namespace

Status MovedDevices::move(const plan::NetDevice& device, const std::string& on_the_way) {
  auto link = TRY(host_->link(device.host_name));
  Moved row;
  row.host_name = device.host_name;
  row.was_up = link.up;
  row.addresses = TRY(host_->addresses(link.index));
  // The number of a device may change on its way, and the kernel makes up a numbered name: so it
  // travels under a name by which it is found.
  TRY(host_->move(link.index, container_namespace_, on_the_way));
  row.index = TRY(container_->link(on_the_way)).index;
  moved_.push_back(std::move(row));
  const auto& moved = moved_.back();
  TRY(container_->rename(moved.index, device.name));
  TRY(container_->set_up(moved.index));
  for (const auto& address : moved.addresses) TRY(container_->add(moved.index, address));
  return {};
}

Status MovedDevices::put_back(const Moved& device) {
  TRY(container_->move(device.index, host_namespace_, device.host_name));
  auto index = TRY(host_->link(device.host_name)).index;
  if (device.was_up) TRY(host_->set_up(index));
  for (const auto& address : device.addresses) TRY(host_->add(index, address));
  return {};
}

MovedDevices::~MovedDevices() {
  for (auto device = moved_.rbegin(); device != moved_.rend(); ++device) (void)put_back(*device);
}

Result<MovedDevices> move_devices(const std::vector<plan::NetDevice>& devices, const fs::Proc& proc,
                                  pid_t init) {
  MovedDevices out;
  if (devices.empty()) return out;
  constexpr std::string_view kWhat = "linux.netDevices";
  out.host_namespace_ = TRY(sys::openat(proc.fd(), "self/ns/net", O_RDONLY), kWhat);
  out.container_namespace_ =
      TRY(sys::openat(proc.fd(), base::cat(init, "/ns/net"), O_RDONLY), kWhat);
  out.host_ = TRY(Route::open(), kWhat);
  out.container_ = TRY(route_of(out.container_namespace_, out.host_namespace_), kWhat);
  for (const auto& device : devices) TRY(check_free(*out.container_, device));
  for (std::size_t i = 0; i < devices.size(); ++i)
    TRY(out.move(devices[i], base::cat("mv", init, ".", i)), devices[i].what);
  return out;
}

}  // namespace apply
