// Each function has the name and the form that <gpgme.h> gives it: callers see no difference.
#include <gpgme.h>

#include "image/late.h"
#include "sys/library.h"

namespace {

const sys::Library& library() {
  static const sys::Library one(CORACLE_GPGME);
  return one;
}

constexpr gpgme_error_t kNotThere = GPG_ERR_NOT_SUPPORTED;

}  // namespace

#define LATE(name) static const auto late = library().function<decltype(&(name))>(#name)

base::Status image::load_gpgme() {
  if (library().problem().empty()) return {};
  return base::system_error(library().problem());
}

// What the macro gpgme_check_version calls.
const char* gpgme_check_version_internal(const char* wanted, size_t offset_of_validity) {
  LATE(gpgme_check_version_internal);
  return late ? late(wanted, offset_of_validity) : nullptr;
}

gpgme_error_t gpgme_new(gpgme_ctx_t* context) {
  LATE(gpgme_new);
  return late ? late(context) : kNotThere;
}

void gpgme_release(gpgme_ctx_t context) {
  LATE(gpgme_release);
  if (late) late(context);
}

gpgme_error_t gpgme_set_protocol(gpgme_ctx_t context, gpgme_protocol_t protocol) {
  LATE(gpgme_set_protocol);
  return late ? late(context, protocol) : kNotThere;
}

void gpgme_set_offline(gpgme_ctx_t context, int offline) {
  LATE(gpgme_set_offline);
  if (late) late(context, offline);
}

gpgme_error_t gpgme_ctx_set_engine_info(gpgme_ctx_t context, gpgme_protocol_t protocol,
                                        const char* program, const char* home) {
  LATE(gpgme_ctx_set_engine_info);
  return late ? late(context, protocol, program, home) : kNotThere;
}

gpgme_error_t gpgme_data_new(gpgme_data_t* data) {
  LATE(gpgme_data_new);
  return late ? late(data) : kNotThere;
}

gpgme_error_t gpgme_data_new_from_mem(gpgme_data_t* data, const char* bytes, size_t size,
                                      int copy) {
  LATE(gpgme_data_new_from_mem);
  return late ? late(data, bytes, size, copy) : kNotThere;
}

void gpgme_data_release(gpgme_data_t data) {
  LATE(gpgme_data_release);
  if (late) late(data);
}

gpgme_ssize_t gpgme_data_read(gpgme_data_t data, void* into, size_t size) {
  LATE(gpgme_data_read);
  return late ? late(data, into, size) : -1;
}

gpgme_off_t gpgme_data_seek(gpgme_data_t data, gpgme_off_t offset, int whence) {
  LATE(gpgme_data_seek);
  return late ? late(data, offset, whence) : -1;
}

gpgme_error_t gpgme_op_import(gpgme_ctx_t context, gpgme_data_t keys) {
  LATE(gpgme_op_import);
  return late ? late(context, keys) : kNotThere;
}

gpgme_import_result_t gpgme_op_import_result(gpgme_ctx_t context) {
  LATE(gpgme_op_import_result);
  return late ? late(context) : nullptr;
}

gpgme_error_t gpgme_op_verify(gpgme_ctx_t context, gpgme_data_t message, gpgme_data_t text,
                              gpgme_data_t plain) {
  LATE(gpgme_op_verify);
  return late ? late(context, message, text, plain) : kNotThere;
}

gpgme_verify_result_t gpgme_op_verify_result(gpgme_ctx_t context) {
  LATE(gpgme_op_verify_result);
  return late ? late(context) : nullptr;
}

const char* gpgme_strerror(gpgme_error_t error) {
  LATE(gpgme_strerror);
  return late ? late(error) : "GPGME is not there";
}
